# SPDX-License-Identifier: MIT
"""A demo with an admin listener, and readers and events for the console to show."""

import os
import socket
import urllib.parse
import urllib.request

from demo import Demo, free_ports
from waiting import HANG_LIMIT


class Operated:
    """A gateway with its console; `close` ends everything."""

    def __init__(self, **variables):
        (self.admin,) = free_ports(1)
        self.demo = Demo(
            os.environ["PASSERELLE_TEST_BINARY"],
            PASSERELLE_ADMIN=f"127.0.0.1:{self.admin}",
            PASSERELLE_CHANNELS="presence-*,private-*",
            **variables,
        )
        self.url = f"http://127.0.0.1:{self.admin}/console"
        self.streams = []

    def close(self):
        for stream in self.streams:
            stream.close()
        self.demo.close()

    def reads(self, channel, user=None, info=None):
        """Opens a stream without reading its events, and waits for its head."""
        query = {"channel": channel}
        if user:
            query["user"] = user
        if info:
            query["user_info"] = info
        stream = socket.create_connection(("127.0.0.1", self.demo.http), timeout=HANG_LIMIT)
        target = "/events?" + urllib.parse.urlencode(query)
        stream.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b" 200 " in stream.recv(4096).split(b"\r\n")[0]
        self.streams.append(stream)
        return stream

    def listens(self):
        """Opens a console stream without reading its events, and waits for its head."""
        stream = socket.create_connection(("127.0.0.1", self.admin), timeout=HANG_LIMIT)
        stream.sendall(b"GET /console/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in stream.recv(4096).split(b"\r\n")[0]
        self.streams.append(stream)

    def says(self, channel, event, data):
        """Publishes without a signature, which the sandbox allows for tests; the data is text."""
        query = urllib.parse.urlencode({"channel": channel, "name": event})
        self.tells(f"publish?{query}", data.encode())

    def tells(self, command, body=b""):
        """Sets the behaviour of the Channels server."""
        url = f"http://127.0.0.1:{self.demo.sandbox}/sandbox/{command}"
        with urllib.request.urlopen(
            urllib.request.Request(url, data=body, method="POST"), timeout=HANG_LIMIT
        ) as answer:
            assert answer.status == 200, answer.status

    def is_live(self, *channels):
        """True if the gateway is subscribed to these channels."""
        line = socket.socket(socket.AF_UNIX)
        with line, line.makefile("rwb") as file:
            line.connect(self.demo.ipc)
            file.write(b"CHANNELS\n")
            file.flush()
            said = file.readline().decode()
        return all(f'"channel":"{name}","state":"live"' in said for name in channels)
