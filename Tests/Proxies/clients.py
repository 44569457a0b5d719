# SPDX-License-Identifier: MIT
"""Clients that record the time of each received byte, and that connect from a given address."""

import http.client
import json
import selectors
import socket
import struct
import threading
import time

from waiting import HANG_LIMIT

# Python's socket module has no name for it.
SO_TIMESTAMPNS = 35


class Stream:
    """An event stream that is read by polling its socket."""

    def __init__(self, port, channel, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), 20, (source, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.sendall(
            f"GET /events?channel={channel} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        self.text = b""
        self.is_over = False
        self.came = 0.0

    def take(self):
        """Reads the received bytes, or waits for some; the kernel reports their time of arrival."""
        try:
            more, notes, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(16))
            for level, kind, data in notes:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = struct.unpack("qq", data)
                    self.came = seconds + nanoseconds / 1e9
        except OSError:
            more = b""
        self.text += more
        self.is_over = not more

    def wait_for(self, words):
        while words not in self.text:
            if self.is_over:
                raise AssertionError(f"the stream ended before {words}: {self.text[-500:]}")
            self.take()
        return self

    def opened(self):
        """Waits for the members, with which a stream begins."""
        self.wait_for(b"pusher:subscription_succeeded")
        assert self.text.startswith(b"HTTP/1.1 200 "), self.text[:200]
        return self

    def watch(self):
        """Continues to read in a thread of its own."""
        self.socket.settimeout(None)
        threading.Thread(target=self.go_on, daemon=True).start()

    def go_on(self):
        while not self.is_over:
            self.take()

    def close(self):
        """Closes the stream, as a browser does if the page is closed."""
        self.socket.close()


def arrivals(streams, words, seconds=HANG_LIMIT):
    """Returns the time at which the words arrived on each stream, by name, in seconds of the
    kernel's clock."""
    times = {}
    with selectors.DefaultSelector() as selector:
        for name, stream in streams.items():
            selector.register(stream.socket, selectors.EVENT_READ, name)
        end = time.monotonic() + seconds
        while len(times) < len(streams):
            ready = selector.select(max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{set(streams) - set(times)} did not get {words} in time")
            for key, _ in ready:
                stream = streams[key.data]
                stream.take()
                if words in stream.text:
                    times[key.data] = stream.came
                    stream.text = b""
                    selector.unregister(key.fileobj)
                elif stream.is_over:
                    raise AssertionError(f"{key.data}: the stream ended")
    return times


def request(port, path, fields=None, source="127.0.0.1", timeout=HANG_LIMIT, method="GET", body=None):
    """Sends a request and returns status, body and the seconds until the answer."""
    began = time.monotonic()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout, source_address=(source, 0))
    try:
        link.request(method, path, body, fields or {})
        answer = link.getresponse()
        return answer.status, json.loads(answer.read() or b"null"), time.monotonic() - began
    finally:
        link.close()
