# SPDX-License-Identifier: MIT
"""nginx, Caddy and HAProxy with the configurations of deploy/, in front of the gateway."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile

from waiting import HANG_LIMIT, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["PASSERELLE_TEST_BINARY"]

# The lines that are replaced in the shipped files, each of which occurs once: the proxy's address
# and the gateway's. All others are unchanged.
SHIPPED = {
    "nginx": (
        "nginx.conf",
        {
            "    listen 80;\n": "    listen 127.0.0.1:{port};\n",
            "    listen [::]:80;\n": "",
            "    server 127.0.0.1:8080 ": "    server {backend} ",
        },
        ("127.0.0.1:{port}", "unix:{path}"),
    ),
    "caddy": (
        "Caddyfile",
        {
            "\n:80 {\n": "\nhttp://127.0.0.1:{port} {{\n",
            "\treverse_proxy 127.0.0.1:8080 ": "\treverse_proxy {backend} ",
        },
        ("127.0.0.1:{port}", "unix/{path}"),
    ),
    "haproxy": (
        "haproxy.cfg",
        {
            "    bind :::80 v4v6\n": "    bind 127.0.0.1:{port}\n",
            "    server gateway 127.0.0.1:8080\n": "    server gateway {backend}\n",
        },
        ("127.0.0.1:{port}", "unix@{path}"),
    ),
}

# The main configuration around a file that is only a part of one, and the command that starts the
# proxy.
AROUND = {
    "nginx": "daemon off;\npid {folder}/pid;\nerror_log stderr;\n{user}"
    "events {{ worker_connections 1024; }}\n"
    "http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n"
    "fastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n"
    "include {file};\n}}\n",
    "caddy": "{{\n\tadmin off\n}}\nimport {file}\n",
    "haproxy": None,
}
COMMANDS = {
    "nginx": ["nginx", "-e", "stderr", "-p", "{folder}", "-c", "{main}"],
    "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config", "{main}"],
    "haproxy": ["haproxy", "-db", "-f", "{main}"],
}


def free_port():
    """Returns a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answers(port):
    """True if a process listens on a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


class Running:
    """A process and its output, until it is ended."""

    def __init__(self, folder, name, words, port, variables=None):
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                words,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: answers(port) or self.process.poll() is not None, f"{name} listens")
        if self.process.poll() is not None:
            raise AssertionError(f"{name} ended: {self.said()}")

    def said(self):
        return self.log.read_text(errors="replace")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ProxyFixture:
    """A sandbox, a gateway on TCP and on a Unix socket, and, if `is_whole`, each proxy in front of
    each of the two listeners."""

    def __init__(self, is_whole=True, variables=None):
        self.is_whole = is_whole
        self.variables = variables or {}
        self.temporary = tempfile.TemporaryDirectory(prefix="passerelle-proxies-")
        self.folder = pathlib.Path(self.temporary.name)
        # A proxy that drops root's rights must reach the gateway's socket nevertheless.
        self.folder.chmod(0o755)
        self.running = []
        # The output of each proxy before its first client.
        self.openings = {}
        self.port = free_port()
        self.path = self.folder / "http.sock"
        self.line = self.folder / "line.sock"
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        channels = free_port()
        address = {"PASSERELLE_SANDBOX": f"127.0.0.1:{channels}"}
        self.run("sandbox", [PROGRAM, "sandbox"], channels, address)
        self.settings = {
            "PUSHER_APP_ID": "1001",
            "PUSHER_KEY": "sandbox-key",
            "PUSHER_SECRET": "sandbox-secret",
            "PUSHER_HOST": "127.0.0.1",
            "PUSHER_PORT": str(channels),
            "PUSHER_SCHEME": "http",
            "PASSERELLE_HTTP": f"127.0.0.1:{self.port},unix:{self.path}",
            "PASSERELLE_IPC": str(self.line),
            "PASSERELLE_AUTH": "none",
            "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1,unix",
            "PASSERELLE_ADMIN": "none",
            "PASSERELLE_LOG": "debug",
            **self.variables,
        }
        self.begin()
        self.fronts = {
            f"{kind}, {way}": self.front(kind, way) for kind in SHIPPED for way in ["tcp", "unix"]
        } if self.is_whole else {}

    def begin(self):
        """Starts the gateway, or restarts it with the same ports and sockets."""
        self.gateway = self.run("gateway", [PROGRAM, "serve"], self.port, self.settings)

    def run(self, name, words, port, variables=None):
        running = Running(self.folder, name, words, port, variables)
        self.running.append(running)
        return running

    def front(self, kind, way, mistakes=None):
        """Starts one proxy in front of one of the gateway's listeners and returns its port;
        `mistakes` are further replacements in its file."""
        port = free_port()
        folder = self.folder / f"{kind}-{way}-{port}"
        folder.mkdir()
        name, changes, backends = SHIPPED[kind]
        backend = backends[way == "unix"].format(port=self.port, path=self.path)
        text = (ROOT / "deploy" / name).read_text()
        for old, new in changes.items():
            assert text.count(old) == 1, f"deploy/{name} has {old!r} {text.count(old)} times"
            text = text.replace(old, new.format(port=port, backend=backend))
        for old, new in (mistakes or {}).items():
            assert text.count(old) == 1, f"deploy/{name} has {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        main = file = folder / name
        file.write_text(text)
        if around := AROUND[kind]:
            main = folder / "main"
            user = "user root;\n" if os.getuid() == 0 else ""
            main.write_text(around.format(folder=folder, file=file, user=user))
        words = [word.format(folder=folder, main=main) for word in COMMANDS[kind]]
        self.openings[f"{kind}, {way}"] = self.run(folder.name, words, port).said()
        return port

    def ask(self, line):
        """Sends one line to the gateway's own socket and returns the answer."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(HANG_LIMIT)
            link.connect(str(self.line))
            link.sendall(line.encode() + b"\n")
            return link.makefile("rb").readline().decode().strip()

    def publish(self, channel, number):
        said = self.ask(f'PUBLISH {channel} new-message {{"n":{number}}}')
        assert said == f"OK PUBLISH {channel}", said

    def readers(self):
        """Returns the gateway's number of readers, streams and waiting polls."""
        status = json.loads(self.ask("STATUS").removeprefix("OK STATUS "))
        return status["readers"]["attached"]

    def close(self):
        for each in self.running:
            each.process.terminate()
        for each in self.running:
            each.close()
        self.temporary.cleanup()
