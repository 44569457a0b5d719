# SPDX-License-Identifier: MIT
"""Each middlebox breaks or changes what it says, and nothing else."""

import asyncio
import contextlib
import gzip
import time
import unittest

import boxes
from http1 import pieces, read_head, read_request, Request, Response
from proxy import Box, Route

STREAM = "GET /events HTTP/1.1"
SOCKET = "GET /app/key HTTP/1.1", ("Upgrade", "websocket"), ("Connection", "Upgrade")


class Origin:
    """A server whose streams send what a test gives them, and whose other answers name the request."""

    def __init__(self):
        self.requests = []
        self.streams = []
        self.tasks = []

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def close(self):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        self.tasks.append(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self.respond(reader, writer)
        writer.close()

    async def respond(self, reader, writer):
        request = await read_request(reader)
        self.requests.append(request)
        if request.wants_upgrade:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")
            while data := await reader.read(1000):
                writer.write(data)
        elif request.wants_stream:
            self.streams.append(writer)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
            await reader.read()
            self.streams.remove(writer)
        else:
            body = b"%d %s" % (len(self.requests), request.body)
            writer.write(b'HTTP/1.1 200 OK\r\nETag: "p-1"\r\nCache-Control: no-cache\r\nSet-Cookie: a=b\r\n'
                         b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def tell(self, text):
        for writer in self.streams:
            writer.write(b"%x\r\n%s\r\n" % (len(text), text))

    def end(self):
        for writer in self.streams:
            writer.write(b"0\r\n\r\n")
            writer.close()


class Client:
    """A connection of a browser through the box."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    def ask(self, start, *fields, body=b""):
        length = [("Content-Length", str(len(body)))] if body else []
        self.writer.write(Request(start.split(" "), [("Host", "box"), *fields, *length]).head() + body)

    async def head(self):
        return await read_head(
            self.reader, lambda words, fields: Response(*words[1:], fields, version=words[0]))

    async def whole(self, *asked, **given):
        """Asks, and returns the head of the response and its body."""
        self.ask(*asked, **given)
        head = await self.head()
        body = b"".join([piece async for piece in pieces(self.reader, head)])
        return head, body

    async def ends(self):
        """Waits until the box ends the connection."""
        try:
            while await self.reader.read(1000):
                pass
        except ConnectionResetError:
            pass


class BoxTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # The debug mode of these tests reports a slow machine.
        asyncio.get_running_loop().slow_callback_duration = 600

    async def through(self, box):
        """Puts the box in front of an origin and returns a client's connection."""
        self.origin = await Origin().start()
        self.addAsyncCleanup(self.origin.close)
        port = self.origin.port
        self.box = await box.start(Route(port, port, port))
        self.addAsyncCleanup(self.box.close)
        return await self.client()

    async def client(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.box.port)
        self.addCleanup(writer.close)
        return Client(reader, writer)

    async def stream(self, client):
        """Requests a stream and waits until the origin has it."""
        client.ask(STREAM)
        await self.until(lambda: self.origin.streams)

    async def socket(self, client):
        client.ask(*SOCKET)
        return await client.head()

    async def until(self, condition):
        async with asyncio.timeout(600):
            while not condition():
                await asyncio.sleep(0.002)

    async def silent(self, client):
        """Fails if something arrives. All parts are in this process, so a byte that passes needs a
        few turns of the loop only."""
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0.3):
                self.assertEqual(await client.reader.read(1000), "nothing")

    async def test_direct_forwards_answers_streams_and_sockets_immediately(self):
        client = await self.through(Box())
        for number in (1, 2):
            head, body = await client.whole("POST /x?y=1 HTTP/1.1", body=b"hello")
            self.assertEqual((head.status, head["etag"], body), (200, '"p-1"', b"%d hello" % number))
        await self.stream(client)
        self.assertTrue((await client.head()).is_stream)
        self.origin.tell(b"data: 1\n\n")
        self.assertEqual(await client.reader.readuntil(b"\n\n\r\n"), b"9\r\ndata: 1\n\n\r\n")
        socket = await self.client()
        self.assertEqual((await self.socket(socket)).status, 101)
        socket.writer.write(b"frame")
        self.assertEqual(await socket.reader.readexactly(5), b"frame")
        self.assertEqual(self.box.counts, {"post": 2, "stream": 1, "answered": 1, "websocket": 1})
        self.assertEqual((self.box.open_streams, self.box.most_streams), (1, 1))

    async def test_the_origin_learns_that_a_client_has_left(self):
        client = await self.through(Box())
        await self.stream(client)
        client.writer.close()
        await self.until(lambda: not self.origin.streams)

    async def test_the_page_s_scripts_pass_each_box_unchanged(self):
        for name, make in boxes.sets(True).items():
            with self.subTest(name):
                client = await self.through(make())
                for path in ("/site/static/page.html", "/passerelle.js", "/passerelle-1.2.3.js"):
                    head, body = await client.whole(f"GET {path} HTTP/1.1", ("Cookie", "c"))
                    self.assertEqual((head.status, head.start[0]), (200, "HTTP/1.1"))
                    self.assertEqual(self.origin.requests[-1]["cookie"], "c")
                    self.assertEqual(head["etag"], '"p-1"')
                self.assertFalse(self.box.counts)

    async def test_close_websockets_accepts_a_socket_and_ends_it(self):
        client = await self.through(boxes.CloseWebSockets(0.2))
        began = time.monotonic()
        self.assertEqual((await self.socket(client)).status, 101)
        await client.ends()
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        client = await self.client()
        self.assertEqual((await client.whole("GET /poll HTTP/1.1"))[1], b"2 ")

    async def test_refuse_websockets_answers_403_and_passes_streams(self):
        client = await self.through(boxes.RefuseWebSockets())
        self.assertEqual((await self.socket(client)).status, 403)
        self.assertFalse(self.origin.requests)
        client = await self.client()
        await self.stream(client)
        self.assertEqual((await client.head()).status, 200)

    async def test_swallow_posts_never_answers_a_post_and_answers_a_get(self):
        client = await self.through(boxes.SwallowPosts())
        client.ask("POST /channels/c/events HTTP/1.1", body=b"{}")
        await self.silent(client)
        self.assertFalse(self.origin.requests)
        client = await self.client()
        self.assertEqual((await client.whole("GET /poll HTTP/1.1"))[1], b"1 ")

    async def test_hold_streams_delivers_a_stream_at_its_end_and_a_poll_at_once(self):
        client = await self.through(boxes.HoldStreams())
        await self.stream(client)
        self.origin.tell(b"x" * 100_000)
        await self.silent(client)
        other = await self.client()
        self.assertEqual((await other.whole("GET /poll HTTP/1.1"))[1], b"2 ")
        self.origin.end()
        head = await client.head()
        self.assertEqual(sum([len(piece) async for piece in pieces(client.reader, head)]), 100_000)

    async def test_office_breaks_sockets_posts_and_streams_and_passes_polls(self):
        client = await self.through(boxes.Office())
        self.assertEqual((await self.socket(client)).status, 101)
        await client.ends()
        client, other = await self.client(), await self.client()
        await self.stream(client)
        self.origin.tell(b"data: 1\n\n")
        await self.silent(client)
        other.ask("POST /x HTTP/1.1", body=b"{}")
        await self.silent(other)
        self.assertEqual((await (await self.client()).whole("GET /poll HTTP/1.1"))[0].status, 200)

    async def test_buffer_forwards_whole_blocks_and_the_rest_at_the_end(self):
        client = await self.through(boxes.Buffer(4096, ""))
        await self.stream(client)
        self.origin.tell(b"x" * 4095)
        await self.silent(client)
        self.origin.tell(b"y" * 2)
        head = await client.head()
        self.assertEqual(await client.reader.readline(), b"1000\r\n")
        self.assertEqual(await client.reader.readexactly(4096 + 2), b"x" * 4095 + b"y\r\n")
        await self.silent(client)
        self.origin.end()
        self.assertEqual([piece async for piece in pieces(client.reader, head)], [b"y"])

    async def test_cut_connections_ends_each_one_after_its_time_with_any_content(self):
        client = await self.through(boxes.CutConnections(0.3, ""))
        socket, idle = await self.client(), await self.client()
        client.ask(STREAM)
        socket.ask(*SOCKET)
        for each in (client, socket, idle):
            await each.ends()
        self.assertEqual((await (await self.client()).whole("GET /poll HTTP/1.1"))[0].status, 200)

    async def test_a_connection_is_not_cut_before_its_time(self):
        began = time.monotonic()
        client = await self.through(boxes.CutConnections(0.3, ""))
        client.ask(STREAM)
        await client.ends()
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    async def test_cut_all_ends_everything_repeatedly_once_events_have_begun(self):
        client = await self.through(boxes.CutAll(0.2, 3600))
        await self.stream(client)
        await client.head()
        await self.silent(client)
        self.box.began()
        await client.ends()
        again, socket = await self.client(), await self.client()
        again.ask(STREAM)
        socket.ask(*SOCKET)
        await again.ends()
        await socket.ends()

    async def test_cut_all_stops_after_its_time(self):
        client = await self.through(boxes.CutAll(0.1, 0.3))
        self.box.began()
        await client.ends()
        await self.until(lambda: not self.box.background)
        last = await self.client()
        await self.stream(last)
        await last.head()
        await self.silent(last)

    async def test_cache_repeats_an_answer_with_its_age_and_holds_streams(self):
        client = await self.through(boxes.Cache(600))
        first, body = await client.whole("GET /poll?after=p HTTP/1.1")
        self.assertEqual((first["age"], body), ("", b"1 "))
        second, body = await client.whole("GET /poll?after=p HTTP/1.1", ("If-None-Match", '"x"'))
        self.assertEqual((second["age"], second["etag"], body), ("0", '"p-1"', b"1 "))
        self.assertEqual((await client.whole("GET /poll?after=p&_=1 HTTP/1.1"))[1], b"2 ")
        self.assertEqual((await client.whole("POST /poll?after=p HTTP/1.1", body=b"b"))[1], b"3 b")
        await self.stream(client)
        self.origin.tell(b"data: 1\n\n")
        await self.silent(client)

    async def test_cache_blind_does_not_look_at_a_random_parameter(self):
        client = await self.through(boxes.BlindCache(600))
        await client.whole("GET /poll?after=p&_=1 HTTP/1.1")
        head, body = await client.whole("GET /poll?after=p&_=2 HTTP/1.1")
        self.assertEqual((head["age"], body), ("0", b"1 "))
        self.assertEqual((await client.whole("GET /poll?after=q&_=2 HTTP/1.1"))[1], b"2 ")

    async def test_cache_asks_again_when_an_answer_is_old(self):
        client = await self.through(boxes.Cache(0))
        await client.whole("GET /poll HTTP/1.1")
        self.assertEqual((await client.whole("GET /poll HTTP/1.1"))[1], b"2 ")

    async def test_gzip_compresses_renames_tags_and_does_not_flush_streams(self):
        client = await self.through(boxes.Gzip())
        head, body = await client.whole("GET /poll HTTP/1.1", ("If-None-Match", '"p-0-gzip"'))
        self.assertEqual((head["etag"], head["content-encoding"]), ('"p-1-gzip"', "gzip"))
        self.assertEqual(gzip.decompress(body), b"1 ")
        self.assertEqual(self.origin.requests[0]["if-none-match"], '"p-0-gzip"')
        await self.stream(client)
        self.origin.tell(b"data: 1\n\n")
        head = await client.head()
        parts = pieces(client.reader, head)
        first = await anext(parts)
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(parts)
        self.assertLess(len(first), 20, "the head of gzip's format only")

    async def test_strip_removes_its_fields_and_keeps_others(self):
        client = await self.through(boxes.StripFields("c", ["Cookie", "Set-Cookie"], ""))
        head, _ = await client.whole("GET /poll HTTP/1.1", ("Cookie", "a"), ("Authorization", "b"))
        asked = self.origin.requests[0]
        self.assertEqual((asked["cookie"], asked["authorization"]), ("", "b"))
        self.assertEqual((head["set-cookie"], head["etag"]), ("", '"p-1"'))

    async def test_the_strip_boxes_of_the_matrix_remove_the_fields_in_their_names(self):
        for name, field in [("if-none-match", "If-None-Match"), ("authorization", "Authorization"),
                            ("cookies", "Cookie")]:
            with self.subTest(name):
                client = await self.through(boxes.sets(True)[f"strip-{name}"]())
                await client.whole("GET /poll HTTP/1.1", (field, "x"), ("X-Other", "y"))
                self.assertEqual(self.origin.requests[0][field], "")
                self.assertEqual(self.origin.requests[0]["x-other"], "y")

    async def test_http_1_0_has_no_chunks_and_one_request_a_connection(self):
        client = await self.through(boxes.OldHTTP())
        await self.stream(client)
        self.origin.tell(b"data: 1\n\n")
        head = await client.head()
        self.assertEqual((head.start[0], head["transfer-encoding"], head["connection"]),
                         ("HTTP/1.0", "", "close"))
        self.assertEqual(await client.reader.readuntil(b"\n\n"), b"data: 1\n\n")
        self.assertEqual(self.origin.requests[0].start[2], "HTTP/1.0")
        client = await self.client()
        await client.whole("GET /poll HTTP/1.1")
        await client.ends()

    async def test_one_407_is_the_first_answer_only(self):
        client = await self.through(boxes.Ask())
        head, _ = await client.whole("GET /poll HTTP/1.1")
        self.assertEqual((head.status, head["proxy-authenticate"]), (407, 'Basic realm="office"'))
        self.assertEqual((await client.whole("GET /poll HTTP/1.1"))[1], b"1 ")
        self.assertEqual((await (await self.client()).whole("GET /poll HTTP/1.1"))[1], b"2 ")

    async def test_reset_idle_resets_a_connection_so_many_seconds_after_its_last_byte(self):
        # A busy machine may need more than the first limits.
        for limit in (1, 5, 50):
            client = await self.through(boxes.ResetIdle(limit))
            try:
                await self.socket(client)
                await asyncio.sleep(limit / 2)
                last = time.monotonic()
                client.writer.write(b"x")
                self.assertEqual(await client.reader.readexactly(1), b"x")
                break
            except (ConnectionResetError, AttributeError):
                continue
        with self.assertRaises(ConnectionResetError):
            await client.reader.readexactly(1)
        self.assertGreaterEqual(time.monotonic() - last, limit)
        self.assertEqual(self.box.counts["reset"], 1)

    async def test_502_refuses_everything_and_ends_what_is_open(self):
        client = await self.through(boxes.BadGateway(0, 3600))
        await self.stream(client)
        self.box.began()
        await client.ends()
        head, _ = await (await self.client()).whole("GET /poll HTTP/1.1")
        self.assertEqual((head.status, head["content-type"]), (502, "text/html"))
        self.assertEqual((await self.socket(await self.client())).status, 502)

    async def test_502_ends(self):
        client = await self.through(boxes.BadGateway(0, 0.1))
        self.box.began()
        await client.ends()
        await self.until(lambda: not self.box.background)
        self.assertEqual((await (await self.client()).whole("GET /poll HTTP/1.1"))[0].status, 200)

    async def test_56_kbit_carries_seven_kilobytes_a_second_over_all_connections(self):
        client = await self.through(boxes.Modem(56_000))
        other = await self.client()
        began = time.monotonic()
        for each in (client, other):
            await self.stream(each)
            await each.head()
        await self.until(lambda: len(self.origin.streams) == 2)
        self.origin.tell(b"x" * 3500)
        for each in (client, other):
            await each.reader.readuntil(b"x\r\n")
        self.assertGreaterEqual(time.monotonic() - began, 1)

    async def test_every_box_has_a_name_and_a_sentence(self):
        made = [make() for make in boxes.sets(False).values()]
        self.assertGreaterEqual(len(made), 17)
        for box in made:
            self.assertRegex(box.real, r"^[A-Z].*\.$")
            self.assertIn(box.event_source, ("all", "some", "none", "dies"))
            self.assertTrue(type(box).__doc__)


if __name__ == "__main__":
    unittest.main()
