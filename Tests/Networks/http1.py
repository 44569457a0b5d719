# SPDX-License-Identifier: MIT
"""HTTP/1 messages on asyncio streams, as far as a proxy needs them."""

import asyncio

HEAD_LIMIT = 65536
PIECE = 65536
# Fields that belong to one connection, which a proxy never forwards.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer"}


class Ended(Exception):
    """The peer closed its connection in the middle of a message, or sent no HTTP."""


class Message:
    """A start line of three words, and the fields in their order."""

    def __init__(self, start, fields=(), body=b""):
        self.start = list(start)
        self.fields = list(fields)
        self.body = body

    def __getitem__(self, name):
        """Returns the value of a field, or an empty string."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), "")

    def remove(self, *names):
        names = {name.lower() for name in names}
        self.fields = [(key, value) for key, value in self.fields if key.lower() not in names]

    def put(self, name, value):
        self.remove(name)
        self.fields.append((name, str(value)))

    def head(self):
        lines = [" ".join(self.start), *(f"{name}: {value}" for name, value in self.fields)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Request(Message):
    @property
    def method(self):
        return self.start[0]

    @property
    def target(self):
        return self.start[1]

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def wants_upgrade(self):
        return self["upgrade"].lower() == "websocket"

    @property
    def wants_stream(self):
        return self.path.endswith("/events") and self.method == "GET"


class Response(Message):
    def __init__(self, status=200, reason="OK", fields=(), body=b"", version="HTTP/1.1"):
        super().__init__([version, str(status), reason], fields, body)

    @property
    def status(self):
        return int(self.start[1])

    @property
    def is_stream(self):
        return self["content-type"].startswith("text/event-stream")

    def has_body(self, method):
        return method != "HEAD" and self.status not in (204, 304) and self.status >= 200


def page(status, reason, text, *fields):
    """Returns an answer of the box itself, in the form in which such products answer."""
    body = f"<!doctype html><title>{reason}</title><h1>{text}</h1>\n".encode()
    return Response(status, reason, [("Content-Type", "text/html"), *fields], body)


async def read_head(reader, make):
    """Reads a start line and fields; returns None if the peer ended before the first byte."""
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Ended("a head that is not complete") from None
        return None
    except asyncio.LimitOverrunError:
        raise Ended("a head that is too long") from None
    first, *lines = text.decode("latin-1").split("\r\n")[:-2]
    words = first.split(" ", 2)
    if len(words) < 2:
        raise Ended(f"no HTTP: {first!r}")
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return make(words, fields)


async def read_request(reader):
    request = await read_head(reader, Request)
    if request is not None and request["content-length"]:
        request.body = await reader.readexactly(int(request["content-length"]))
    return request


async def read_response(reader):
    def make(words, fields):
        version, status, reason = [*words, ""][:3]
        return Response(status, reason, fields, version=version)

    response = await read_head(reader, make)
    if response is None:
        raise Ended("no answer")
    return response


def pieces(reader, response):
    """Returns the body of a response as it arrives, without its transfer coding."""
    if "chunked" in response["transfer-encoding"].lower():
        return chunks(reader)
    return counted(reader, int(response["content-length"])) if response["content-length"] else rest(reader)


async def chunks(reader):
    while size := int((await reader.readline()).split(b";")[0] or b"x", 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()


async def counted(reader, left):
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise Ended("a body that is not complete")
        left -= len(piece)
        yield piece


async def rest(reader):
    while piece := await reader.read(PIECE):
        yield piece
