# SPDX-License-Identifier: MIT
"""A Channels server, and readers and writers of the gateway."""

import hashlib
import hmac
import http.client
import json
import socket
import subprocess
import threading
import time

from waiting import HANG_LIMIT, until

PORT = 6001
KEY = "sandbox-key"
SECRET = "sandbox-secret"


class Sandbox:
    """`passerelle sandbox` on the port that the gateway's configuration has."""

    def __init__(self, program="/usr/bin/passerelle", variables=None):
        self.process = subprocess.Popen(
            [program, "sandbox"],
            env={"PASSERELLE_SANDBOX": f"127.0.0.1:{PORT}", **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.listens, "the sandbox listens")

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def publish(self, channel, event, data):
        """Sends a server event through signed REST, as the application would."""
        body = json.dumps({"name": event, "channels": [channel], "data": json.dumps(data)})
        path = "/apps/1001/events"
        query = (
            f"auth_key={KEY}&auth_timestamp={int(time.time())}&auth_version=1.0"
            f"&body_md5={hashlib.md5(body.encode()).hexdigest()}"
        )
        text = f"POST\n{path}\n{query}".encode()
        signature = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=HANG_LIMIT)
        connection.request("POST", f"{path}?{query}&auth_signature={signature}", body)
        status = connection.getresponse().status
        connection.close()
        assert status == 200, status


class Blackhole:
    """A Channels server that accepts connections and sends nothing, until it is closed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", PORT))
        self.taken = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for each in self.taken:
            each.close()


def get(path, host="127.0.0.1", timeout=HANG_LIMIT, port=8080):
    """Sends one GET to the gateway and returns status and body."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def ask(path, line, timeout=HANG_LIMIT):
    """Sends one line on the Unix socket and returns the first line of the answer."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(timeout)
        link.connect(path)
        link.sendall(line.encode() + b"\n")
        return link.makefile("rb").readline().decode().strip()


class Reader(threading.Thread):
    """An event stream that reconnects with its position, until `close`."""

    def __init__(self, channel):
        super().__init__(daemon=True)
        self.path = f"/events?channel={channel}"
        self.position = None
        self.told = []
        self.connections = 0
        self.refused = 0
        self.is_open = True
        self.socket = None
        self.start()

    def run(self):
        while self.is_open:
            try:
                self.read()
            except ConnectionRefusedError:
                self.refused += 1
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.02)

    def read(self):
        fields = {"Last-Event-ID": self.position} if self.position else {}
        link = http.client.HTTPConnection("127.0.0.1", 8080, timeout=60)
        link.connect()
        self.socket = link.sock
        link.request("GET", self.path, headers=fields)
        answer = link.getresponse()
        if answer.status != 200:
            return
        self.connections += 1
        event = {}
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
            elif event:
                self.take(event)
                event = {}

    def take(self, event):
        if "id" in event:
            self.position = event["id"]
        if event.get("event") in ("new-message", "passerelle:gap"):
            self.told.append((event["event"], json.loads(event["data"])["data"]))

    def numbers(self):
        return [data["n"] for name, data in self.told if name == "new-message"]

    def close(self):
        self.is_open = False
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.join(20)
