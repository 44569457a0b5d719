# SPDX-License-Identifier: MIT
"""The real binary's demo, started on ports of its own."""

import json
import os
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from waiting import until

CHANNEL = "presence-bail-demo"


def free_ports(count):
    """Gives ports of the loopback on which nothing listens now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Demo:
    """One process; `stop` and `start` keep its ports, so that a page finds it again."""

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
            raise AssertionError("the demo does not answer; it said:\n" + self.said()) from None

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
            raise AssertionError("the demo has ended; it said:\n" + self.said())
        try:
            with urllib.request.urlopen(self.url + "/demo/settings", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def members(self):
        """Gives who is on the channel, as the gateway tells it."""
        path = f"{self.url}/channels/{CHANNEL}/members"
        with urllib.request.urlopen(path, timeout=10) as answer:
            return sorted(member["user_id"] for member in json.load(answer)["members"])

    def sandbox_users(self):
        """Gives who is on the channel by how many subscriptions, as the Channels server has it.

        The gateway itself came first, and is left out.
        """
        path = f"http://127.0.0.1:{self.sandbox}/sandbox/state"
        with urllib.request.urlopen(path, timeout=10) as answer:
            members = json.load(answer)["channels"].get(CHANNEL, {}).get("members", [])
        return {each["user_id"]: each["subscriptions"] for each in members[1:]}

    def publish(self, event, data):
        """Sends an event as the application's server half does."""
        request = urllib.request.Request(
            self.url + "/demo/publish",
            data=json.dumps({"event": event, "data": data}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 202, answer.status
