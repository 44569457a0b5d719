# SPDX-License-Identifier: MIT
"""The middleboxes. Each is a proxy that breaks or changes one thing, as a product of the stated kind
does."""

import asyncio
import zlib

from http1 import Response, page
from proxy import Box

class CloseWebSockets(Box):
    """Accepts a WebSocket and closes it after 200 ms, again and again."""

    name = "close-websockets"
    real = ("A firewall with deep packet inspection lets the upgrade pass and ends the connection when it "
            "sees frames that are no HTTP (FortiGate, Check Point).")

    def __init__(self, seconds=0.2):
        super().__init__()
        self.seconds = seconds

    def tunneled(self, connection):
        connection.after(self.seconds, connection.cut)


class RefuseWebSockets(Box):
    """Answers the upgrade with 403."""

    name = "refuse-websockets"
    real = "A web gateway whose policy does not list WebSockets (Symantec ProxySG, Zscaler)."
    passes_websockets = False


class SwallowPosts(Box):
    """Reads the body of a POST and never answers; GETs pass."""

    name = "swallow-posts"
    real = "A data-loss filter holds uploads for an inspection that never ends (Forcepoint DLP over ICAP)."
    sending = "timeout"

    async def answer(self, request, connection):
        if request.method == "POST":
            await asyncio.Event().wait()
        return await super().answer(request, connection)


class HoldStreams(Box):
    """Delivers a text/event-stream only once it has ended, which it never does."""

    name = "hold-streams"
    real = ("A content scanner delivers an answer only after it has scanned all of it (McAfee Web Gateway, "
            "Sophos Web Appliance).")
    passes_websockets = False
    event_source = "none"
    holds_head = True

    async def body(self, request, response, source):
        if not response.is_stream:
            async for piece in source:
                yield piece
            return
        yield b"".join([piece async for piece in source])


class Office(HoldStreams):
    """Closes WebSockets after 200 ms, swallows POSTs, and holds streams: all three together."""

    name = "office"
    real = "A notary's office, a bank or a hospital with several of these products in a row."
    passes_websockets = True
    sending = "timeout"

    def tunneled(self, connection):
        connection.after(0.2, connection.cut)

    async def answer(self, request, connection):
        if request.method == "POST":
            await asyncio.Event().wait()
        return await super().answer(request, connection)


class Buffer(Box):
    """Forwards an answer in blocks of a fixed size; the last one when the answer ends."""

    passes_websockets = False
    event_source = "some"
    holds_head = True

    def __init__(self, size, real):
        super().__init__()
        self.size = size
        self.name = f"buffer-{size // 1024}k"
        self.real = real

    async def body(self, request, response, source):
        held = b""
        async for piece in source:
            held += piece
            while len(held) >= self.size:
                yield held[:self.size]
                held = held[self.size:]
        yield held


class CutConnections(Box):
    """Ends each connection so many seconds after it was opened, whatever it carries."""

    def __init__(self, seconds, real):
        super().__init__()
        self.seconds = seconds
        self.name = f"cut-{seconds:g}s"
        self.real = real

    def connected(self, connection):
        connection.after(self.seconds, connection.cut)


class CutAll(Box):
    """Ends all connections every few seconds for a while after the first numbered event."""

    name = "cut-every-3s"
    real = "A mobile network in a moving train, or a laptop between two Wi-Fi access points."

    def __init__(self, seconds=3, lasting=60):
        super().__init__()
        self.seconds = seconds
        self.lasting = lasting

    def began(self):
        self.run(self.cut_repeatedly())

    async def cut_repeatedly(self):
        for _ in range(int(self.lasting / self.seconds)):
            await asyncio.sleep(self.seconds)
            for connection in list(self.connections):
                connection.cut()


class Cache(Box):
    """Stores complete answers to GETs and repeats them with an Age, in spite of Cache-Control. It has
    to store an answer before it forwards it, so a stream never arrives."""

    name = "cache"
    real = "A caching proxy with an override of no-cache (Squid's refresh_pattern with ignore-private)."
    # Parameters of the query that are not part of the key.
    ignored = ()
    passes_websockets = False
    event_source = "none"
    holds_head = True
    # In a rest, a poll has no news, and the next one the same URL.
    rate = 40

    def __init__(self, seconds=60, bursts=4):
        super().__init__()
        self.seconds = seconds
        self.bursts = bursts
        self.rest = 30
        self.stored = {}

    async def answer(self, request, connection):
        stored = self.stored.get(self.key(request)) if request.method == "GET" else None
        if stored:
            age = asyncio.get_running_loop().time() - stored[0]
            if age < self.seconds:
                self.counts["stale"] += 1
                return Response(200, "OK", [*stored[1], ("Age", str(int(age)))], stored[2])
        return await super().answer(request, connection)

    async def body(self, request, response, source):
        body = b"".join([piece async for piece in source])
        if request.method == "GET" and response.status == 200:
            now = asyncio.get_running_loop().time()
            fields = [field for field in response.fields if field[0].lower() != "connection"]
            self.stored[self.key(request)] = (now, fields, body)
        yield body

    def key(self, request):
        path, _, query = request.target.partition("?")
        return path, *(each for each in query.split("&") if each.partition("=")[0] not in self.ignored)


class BlindCache(Cache):
    """The same, and a random parameter in the URL does not help: the cache does not look at it."""

    name = "cache-blind"
    real = "A CDN whose cache key has a list of parameters (CloudFront)."
    ignored = ("_",)


class Gzip(Box):
    """Compresses bodies, without a flush for each event, and renames tags as Apache does."""

    name = "gzip"
    real = "A reverse proxy that compresses everything (Apache's mod_deflate; Express's compression)."
    passes_websockets = False
    event_source = "some"
    holds_head = True

    def forwarded(self, request):
        request.remove("Accept-Encoding")

    def received(self, request, response):
        tag = response["etag"]
        if tag:
            response.put("ETag", tag[:-1] + '-gzip"')
        if response.has_body(request.method):
            response.remove("Content-Length")
            response.put("Content-Encoding", "gzip")

    async def body(self, request, response, source):
        packer = zlib.compressobj(wbits=31)
        async for piece in source:
            yield packer.compress(piece)
        yield packer.flush()


class StripFields(Box):
    """Removes the fields of its name from requests and responses."""

    passes_websockets = False

    def __init__(self, name, removed, real, event_source="all"):
        super().__init__()
        self.name = f"strip-{name}"
        self.removed = removed
        self.real = real
        self.event_source = event_source

    def forwarded(self, request):
        request.remove(*self.removed)

    def received(self, request, response):
        response.remove(*self.removed)


class OldHTTP(Box):
    """Speaks HTTP/1.0 on both sides: no chunks, no length for a stream, no second request."""

    name = "http-1.0"
    real = "An old proxy that asks and answers as HTTP/1.0 (Squid 2, nginx's default towards a backend)."
    passes_websockets = False

    def forwarded(self, request):
        request.start[2] = "HTTP/1.0"

    def received(self, request, response):
        response.start[0] = "HTTP/1.0"


class Ask(Box):
    """Answers the first request with 407, as if the browser had to sign in at a proxy."""

    name = "one-407"
    real = "A proxy whose sign-in expired, which the operating system renews unseen (NTLM or Kerberos)."
    passes_websockets = False

    def __init__(self):
        super().__init__()
        self.has_asked = False

    async def answer(self, request, connection):
        if not self.has_asked and not request.wants_upgrade:
            self.has_asked = True
            self.counts["refused"] += 1
            return page(407, "Proxy Authentication Required", "Sign in at the proxy.",
                        ("Proxy-Authenticate", 'Basic realm="office"'))
        return await super().answer(request, connection)


class ResetIdle(Box):
    """Resets a connection on which nothing was sent for some seconds."""

    name = "reset-idle"
    real = "A firewall whose table of connections is short, or a carrier's NAT."
    rate = 40

    def __init__(self, seconds=10, bursts=4):
        super().__init__()
        self.seconds = seconds
        self.bursts = bursts
        self.rest = 2.5 * seconds

    def connected(self, connection):
        self.run(self.watch(connection))

    async def watch(self, connection):
        loop = asyncio.get_running_loop()
        while connection in self.connections:
            left = connection.touched + self.seconds - loop.time()
            if left <= 0:
                self.counts["reset"] += 1
                connection.reset()
                return
            await asyncio.sleep(left)


class BadGateway(Box):
    """Is well, then answers everything with 502 for a while, and is well again."""

    name = "502-for-60s"
    real = "A load balancer during the deployment of what is behind it (nginx, an AWS load balancer)."
    event_source = "dies"

    def __init__(self, after=20, lasting=60):
        super().__init__()
        self.wait = after
        self.lasting = lasting
        self.is_bad = False

    def began(self):
        self.run(self.turn_bad())

    async def turn_bad(self):
        await asyncio.sleep(self.wait)
        self.is_bad = True
        for connection in list(self.connections):
            connection.cut()
        await asyncio.sleep(self.lasting)
        self.is_bad = False

    async def answer(self, request, connection):
        if self.is_bad:
            self.counts["refused"] += 1
            return page(502, "Bad Gateway", "502 Bad Gateway")
        return await super().answer(request, connection)


class Modem(Box):
    """Carries a number of bits per second to the browser, on all connections together."""

    name = "56-kbit"
    real = "A modem, a throttled mobile contract, or one line for a whole office."
    rate = 12
    SLICE = 256

    def __init__(self, bits=56_000):
        super().__init__()
        self.bytes_per_second = bits / 8
        self.free = 0.0
        self.lock = asyncio.Lock()

    async def send(self, connection, data):
        loop = asyncio.get_running_loop()
        for start in range(0, len(data), self.SLICE):
            piece = data[start:start + self.SLICE]
            async with self.lock:
                # A machine that is late with a slice sends the next ones earlier.
                begin = self.free if start else max(self.free, loop.time())
                self.free = begin + len(piece) / self.bytes_per_second
                await asyncio.sleep(max(0, self.free - loop.time()))
            await connection.write(piece)


def sets(is_sample):
    """Returns functions that make each box, by name; for a sample, with shorter times."""
    def times(whole, sample):
        return sample if is_sample else whole

    scanner = "A virus scanner or proxy that fills a block before it forwards"
    made = [
        Box, CloseWebSockets, RefuseWebSockets, SwallowPosts, HoldStreams, Office,
        lambda: Buffer(4096, f"{scanner} it (nginx's proxy_buffering with a page of memory)."),
        lambda: Buffer(65536, f"{scanner} it (Apache's mod_proxy_http with a large I/O buffer)."),
        lambda: CutConnections(times(10, 5), "A proxy with a limit for each transfer (a strict Squid)."),
        lambda: CutConnections(times(30, 8), "Next.js's rewrites, Heroku's router (30 s)."),
        lambda: CutConnections(times(60, 15),
                               "A load balancer with its defaults (nginx, HAProxy, AWS: 60 s)."),
        lambda: CutAll(3, times(60, 15)),
        lambda: Cache(*times((60, 4), (30, 2))), lambda: BlindCache(*times((60, 4), (10, 2))), Gzip,
        lambda: StripFields("if-none-match", ["If-None-Match"],
                            "A CDN that answers conditional requests itself."),
        lambda: StripFields("authorization", ["Authorization"],
                            "A gateway with a sign-in of its own, or CGI behind Apache."),
        lambda: StripFields("cookies", ["Cookie", "Set-Cookie"],
                            "A privacy proxy, or a CDN's rule for static paths.", "none"),
        OldHTTP, Ask, lambda: ResetIdle(*times((10, 4), (6, 2))),
        lambda: BadGateway(*times((20, 60), (5, 15))), Modem,
    ]
    return {make().name: make for make in made}
