# SPDX-License-Identifier: MIT
"""The server of an application's page that uses the browser module, with a sandbox and a gateway of its own."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from demo import free_ports
from waiting import HANG_LIMIT, until

SERVED = pathlib.Path(__file__, "../../../Sources/PasserelleBrowser/Served").resolve()
KEY = "a key of thirty-two bytes or more"

# The page keeps what it receives in `globalThis.got`. `skew` sets its clock before the module is loaded.
PAGE = b"""<!doctype html><title>page</title><script type="module">
const query = new URLSearchParams(location.search)
globalThis.shift = Number(query.get("skew") ?? 0)
const real = Date.now
Date.now = () => real() + shift
const { connect } = await import("/passerelle.js")
globalThis.tokens = 0
globalThis.restored = 0
addEventListener("pageshow", (event) => { restored += event.persisted })
const token = async () => { tokens++; return (await fetch("/token?end=" + (query.get("end") ?? 3600))).text() }
globalThis.got = JSON.parse(sessionStorage.got ?? "[]")
globalThis.gaps = []
globalThis.gateway = connect({ url: query.get("gateway"), token })
globalThis.chat = gateway.subscribe(query.get("channel"), { after: sessionStorage.position })
chat.on("new-message", ({ n }) => {
  got.push(n)
  sessionStorage.got = JSON.stringify(got)
  sessionStorage.position = gateway.position
})
chat.on("passerelle:gap", ({ reason }) => gaps.push(reason))
chat.on("pusher:subscription_succeeded", () => { sessionStorage.position = gateway.position })
</script>"""


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(seconds):
    """Signs a token that ends after some seconds. The gateway accepts it for 60 s more."""
    claims = {"sub": "usr_page", "exp": int(time.time()) + seconds, "channels": ["presence-bail-*"], "publish": True}
    head = ".".join(encoded(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{head}.{encoded(hmac.new(KEY.encode(), head.encode(), hashlib.sha256).digest())}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/token":
            return self.answer("text/plain", token(int(urllib.parse.parse_qs(url.query)["end"][0])).encode())
        if url.path == "/passerelle.js":
            return self.answer("text/javascript", (SERVED / "passerelle.js").read_bytes())
        self.answer("text/html", PAGE if url.path == "/page" else b"<title>elsewhere</title>")

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class ModulePage:
    """`close` ends everything. `kill` and `serve` keep the gateway's port and state."""

    def __init__(self, binary, handler=Handler):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory(prefix="passerelle-module-")
        self.http, self.sandbox = free_ports(2)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.gateway = f"http://127.0.0.1:{self.http}"
        self.ipc = os.path.join(self.folder.name, "ipc.sock")
        state = os.path.join(self.folder.name, "state")
        os.mkdir(state)
        self.variables = {
            "PASSERELLE_SANDBOX": f"127.0.0.1:{self.sandbox}", "PUSHER_APP_ID": "1001", "PUSHER_KEY": "sandbox-key",
            "PUSHER_SECRET": "sandbox-secret", "PUSHER_HOST": "127.0.0.1", "PUSHER_PORT": str(self.sandbox),
            "PUSHER_SCHEME": "http", "PASSERELLE_HTTP": f"127.0.0.1:{self.http}", "PASSERELLE_ADMIN": "none",
            "PASSERELLE_IPC": self.ipc, "PASSERELLE_STATE_DIR": state, "PASSERELLE_AUTH": "token",
            "PASSERELLE_TOKEN_KEY": KEY, "PASSERELLE_ORIGINS": self.origin,
        }
        self.channels = self.run("sandbox", self.sandbox)
        self.serve()

    def run(self, command, port):
        allowed = ("PASSERELLE_SANDBOX", "PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET")
        environment = {
            name: value for name, value in self.variables.items() if command == "serve" and name != allowed[0] or command == "sandbox" and name in allowed}
        with open(os.path.join(self.folder.name, command), "ab") as log:
            process = subprocess.Popen(
                [self.binary, command], env={"PATH": os.environ["PATH"], **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: process.poll() is not None or listens(port), f"{command} listens")
        if process.poll() is not None:
            raise AssertionError(f"{command} has ended: " + pathlib.Path(self.folder.name, command).read_text())
        return process

    def serve(self):
        self.process = self.run("serve", self.http)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.channels.kill()
        self.channels.wait()
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def url(self, channel, path="page", **query):
        return f"{self.origin}/{path}?" + urllib.parse.urlencode({"gateway": self.gateway, "channel": channel, **query})

    def publish(self, channel, *numbers):
        for n in numbers:
            query = urllib.parse.urlencode({"channel": channel, "name": "new-message"})
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.sandbox}/sandbox/publish?{query}", data=json.dumps({"n": n}).encode(), method="POST")
            with urllib.request.urlopen(request, timeout=HANG_LIMIT) as answer:
                assert answer.status == 200, answer.status

    def streams(self):
        """Returns the number of event streams that the gateway has open."""
        with socket.socket(socket.AF_UNIX) as line, line.makefile("rwb") as file:
            line.connect(self.ipc)
            file.write(b"STATUS\n")
            file.flush()
            return json.loads(file.readline()[len(b"OK STATUS "):])["readers"]["streams"]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=HANG_LIMIT).close()
        return True
    except OSError:
        return False
