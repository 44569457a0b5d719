# SPDX-License-Identifier: MIT
"""A proxy between a browser and the servers of a page. It changes nothing; the middleboxes of
`boxes.py` are its subclasses."""

import asyncio
import collections
import contextlib
import re
import socket
import struct

from http1 import (
    HOP_BY_HOP, PIECE, Ended, page, pieces, read_request, read_response, HEAD_LIMIT,
)

# What a peer that breaks its connection, or sends no HTTP, causes here.
BROKEN = (Ended, ValueError, asyncio.IncompleteReadError, OSError)


class Route:
    """The ports behind the box: the gateway, Channels, and the application's own server."""

    def __init__(self, gateway, channels, application):
        self.gateway = gateway
        self.channels = channels
        self.application = application

    def port(self, request):
        if request.path.startswith("/site/"):
            return self.application
        if request.path.startswith("/app/"):
            return self.channels
        return self.gateway


def is_asset(request):
    """True for the page and its scripts. They pass unchanged, because a user's page was loaded
    already when its network becomes a problem; the delivery of events is tested, not loading."""
    path = request.path
    return path.startswith("/site/static/") or (
        path.startswith("/passerelle") and path.endswith((".js", ".d.ts")))


def kind(request):
    """Returns the kind of a request, for the counters of a box."""
    if request.wants_upgrade:
        return "websocket"
    if request.wants_stream:
        return "stream"
    if request.path.endswith("/poll"):
        return "longpoll" if re.search(r"[?&]wait=[1-9]", request.target) else "poll"
    return request.method.lower()


class Connection(asyncio.StreamReaderProtocol):
    """A connection from a browser. Its task ends when the browser leaves."""

    def __init__(self, box):
        self.reader = asyncio.StreamReader(limit=HEAD_LIMIT)
        super().__init__(self.reader, self.opened)
        self.box = box
        self.timers = []

    def opened(self, reader, writer):
        self.writer = writer
        self.touch()
        self.box.connections.add(self)
        self.box.connected(self)
        self.task = asyncio.ensure_future(self.box.serve(self))

    def data_received(self, data):
        self.touch()
        super().data_received(data)

    def eof_received(self):
        super().eof_received()
        self.leave()
        return False

    def connection_lost(self, error):
        super().connection_lost(error)
        self.leave()

    def leave(self):
        for timer in self.timers:
            timer.cancel()
        self.box.connections.discard(self)
        self.task.cancel()

    def touch(self):
        self.touched = asyncio.get_running_loop().time()

    def after(self, seconds, action):
        """Calls an action after some seconds, if the connection is still open."""
        self.timers.append(asyncio.get_running_loop().call_later(seconds, action))

    async def write(self, data):
        self.touch()
        self.writer.write(data)
        await self.writer.drain()

    def cut(self):
        """Closes the connection at once, with what is not sent yet lost."""
        self.writer.transport.abort()

    def reset(self):
        """The same with a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.cut()


class Box:
    """A network without a problem, to compare with."""

    name = "direct"
    # A sentence that names products that behave in this way.
    real = "No middlebox."
    # Whether WebSockets pass.
    passes_websockets = True
    # What a native EventSource receives: "all" events, "some" (the end may be missing), or
    # "none"; or it "dies", which means that it closes for good after a beginning.
    event_source = "all"
    # The result of a client event that the module sends: "accepted", or the reason of `SendBlocked`.
    sending = "accepted"
    # The pace of the numbered events through this box: a second, in bursts, with a rest between two.
    rate = 20
    bursts = 1
    rest = 0
    # Whether the head of a response waits for the first bytes of the body.
    holds_head = False

    def __init__(self):
        self.connections = set()
        self.counts = collections.Counter()
        self.open_streams = self.most_streams = 0
        self.server = None
        self.background = set()

    # What a middlebox may replace.

    def connected(self, connection):
        """A browser has connected."""

    def began(self):
        """The numbered events begin now."""

    async def answer(self, request, connection):
        """Returns the box's own answer to a request, or None to forward it."""
        if request.wants_upgrade and not self.passes_websockets:
            return page(403, "Forbidden", "WebSocket connections are blocked by policy.")
        return None

    def forwarded(self, request):
        """Changes a request before it is forwarded."""

    def received(self, request, response):
        """Changes the head of a response before it is forwarded."""

    def body(self, request, response, source):
        """Returns the body of a response, from the pieces that arrive."""
        return source

    def tunneled(self, connection):
        """A WebSocket has been accepted."""

    async def send(self, connection, data):
        """Sends bytes to the browser."""
        await connection.write(data)

    # The proxy.

    async def start(self, route, host="127.0.0.1"):
        self.route = route
        self.host = host
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self), host, 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    async def close(self):
        self.server.close()
        for task in self.background:
            task.cancel()
        for connection in list(self.connections):
            connection.cut()
        await asyncio.sleep(0)

    def run(self, body):
        """Runs a coroutine until it ends, or the box is closed."""
        task = asyncio.ensure_future(body)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def serve(self, connection):
        with contextlib.suppress(*BROKEN, asyncio.CancelledError):
            while request := await read_request(connection.reader):
                if not await self.exchange(request, connection):
                    break
        connection.writer.close()

    async def exchange(self, request, connection):
        """Answers one request; returns whether the connection can carry another one."""
        box = Box() if is_asset(request) else self
        if box is self:
            self.counts[kind(request)] += 1
        own = await box.answer(request, connection)
        if own:
            return await box.reply(request, own, connection, None)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.route.port(request))
        try:
            box.forwarded(request)
            if request.wants_upgrade:
                writer.write(request.head())
                return await self.tunnel(connection, reader, writer)
            request.remove(*HOP_BY_HOP)
            request.put("Connection", "close")
            writer.write(request.head() + request.body)
            response = await read_response(reader)
            return await box.reply(request, response, connection, pieces(reader, response))
        except BROKEN:
            connection.cut()
            raise
        finally:
            writer.close()

    async def reply(self, request, response, connection, source):
        """Sends a response, with the body of `source` if that is given."""
        if source is not None:
            self.counts["answered"] += request.wants_stream
            self.received(request, response)
        is_old = response.start[0] == "HTTP/1.0"
        response.remove(*HOP_BY_HOP)
        if not response.has_body(request.method):
            response.put("Connection", "close" if is_old else "keep-alive")
            await self.send(connection, response.head())
            return not is_old
        if source is None:
            response.put("Content-Length", len(response.body))
            response.put("Connection", "keep-alive")
            await self.send(connection, response.head() + response.body)
            return True
        body = self.body(request, response, source)
        is_chunked = not is_old and not response["content-length"]
        if is_chunked:
            response.put("Transfer-Encoding", "chunked")
        response.put("Connection", "close" if is_old else "keep-alive")
        head = response.head()
        if not self.holds_head:
            await self.send(connection, head)
            head = b""
        self.open_streams += response.is_stream
        self.most_streams = max(self.most_streams, self.open_streams)
        try:
            async for piece in body:
                if piece:
                    framed = b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece
                    await self.send(connection, head + framed)
                    head = b""
        finally:
            self.open_streams -= response.is_stream
        await self.send(connection, head + (b"0\r\n\r\n" if is_chunked else b""))
        return not is_old

    async def tunnel(self, connection, reader, writer):
        """Forwards the bytes of a WebSocket in both directions until one side ends."""
        back = asyncio.ensure_future(self.pump_back(connection, writer))
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
            await self.send(connection, answer)
            if answer.split(b" ", 2)[1] == b"101":
                self.tunneled(connection)
            while data := await reader.read(PIECE):
                await self.send(connection, data)
            return False
        finally:
            back.cancel()

    @staticmethod
    async def pump_back(connection, writer):
        while data := await connection.reader.read(PIECE):
            writer.write(data)
            await writer.drain()
