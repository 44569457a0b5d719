# SPDX-License-Identifier: MIT
"""The real binary's demo, started on ports of its own."""

import json
import os
import random
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from waiting import HANG_LIMIT, until

CHANNEL = "presence-bail-demo"


def free_ports(count):
    """Returns free ports of the loopback, outside the range that the kernel assigns to connections.

    So a port is still free when a killed process is started again on it.
    """
    ports = []
    for port in random.sample(range(15000, 32000), 200):
        with socket.socket() as each:
            try:
                each.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise OSError("no free port")


class Demo:
    """One process; `stop` and `start` keep its ports, so that a page can reconnect."""

    def __init__(self, binary, **variables):
        self.binary = binary
        self.variables = variables
        self.folder = tempfile.TemporaryDirectory(prefix="passerelle-browser-")
        self.http, self.sandbox = free_ports(2)
        self.ipc = os.path.join(self.folder.name, "ipc.sock")
        self.url = f"http://127.0.0.1:{self.http}"
        self.output = open(os.path.join(self.folder.name, "output"), "w+b")
        self.start()

    def start(self):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PASSERELLE_", "PUSHER_"))
        }
        environment.update(
            PASSERELLE_HTTP=f"127.0.0.1:{self.http}",
            PASSERELLE_IPC=self.ipc,
            PASSERELLE_SANDBOX=f"127.0.0.1:{self.sandbox}",
            **self.variables,
        )
        self.process = subprocess.Popen(
            [self.binary, "demo"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
        )
        try:
            until(self.answers, "the demo answers")
        except AssertionError:
            self.process.kill()
            raise AssertionError("the demo does not answer; its output:\n" + self.said()) from None

    def stop(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        self.stop()
        self.output.close()
        self.folder.cleanup()

    def said(self):
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("the demo has ended; its output:\n" + self.said())
        try:
            with urllib.request.urlopen(self.url + "/demo/settings", timeout=HANG_LIMIT) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def members(self):
        """Returns the channel's members, as the gateway lists them."""
        path = f"{self.url}/channels/{CHANNEL}/members"
        with urllib.request.urlopen(path, timeout=HANG_LIMIT) as answer:
            return sorted(member["user_id"] for member in json.load(answer)["members"])

    def sandbox_users(self):
        """Returns the channel's members at the Channels server, each with its number of
        subscriptions.

        The gateway itself is left out.
        """
        path = f"http://127.0.0.1:{self.sandbox}/sandbox/state"
        with urllib.request.urlopen(path, timeout=HANG_LIMIT) as answer:
            members = json.load(answer)["channels"].get(CHANNEL, {}).get("members", [])
        users = [each for each in members if each["user_id"].startswith("usr_")]
        return {each["user_id"]: each["subscriptions"] for each in users}

    def publish(self, event, data):
        """Publishes an event as the application's server would."""
        request = urllib.request.Request(
            self.url + "/demo/publish",
            data=json.dumps({"event": event, "data": data}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=HANG_LIMIT) as answer:
            assert answer.status == 202, answer.status

    def connect_channels(self, is_connected):
        """Disconnects the gateway from Channels, or connects it again, as the page's button does."""
        request = urllib.request.Request(
            self.url + "/demo/channels",
            data=json.dumps({"connected": is_connected}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=HANG_LIMIT) as answer:
            assert answer.status == 200, answer.status
