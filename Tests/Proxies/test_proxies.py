# SPDX-License-Identifier: MIT
"""Readers behind each proxy, with the gateway's own defaults."""

import concurrent.futures
import re
import socket
import statistics
import subprocess
import time
import unittest

from clients import Stream, arrivals, request
from proxies import ROOT, ProxyFixture, until

# The longest wait of a poll, which is longer than the default time-out of each proxy.
LONGEST_POLL = 55
IDLE = 65


def setUpModule():
    global stage, patience
    stage = ProxyFixture()
    unittest.addModuleCleanup(stage.close)
    # Requests that take a minute start now and are checked last.
    patience = Patience()
    unittest.addModuleCleanup(patience.close)


class Patience:
    """A stream without events and a poll of the longest wait in front of each proxy."""

    def __init__(self):
        self.streams = {}
        for name, port in stage.fronts.items():
            self.streams[name] = Stream(port, "presence-bail-quiet").opened()
            self.streams[name].watch()
        self.threads = concurrent.futures.ThreadPoolExecutor(len(stage.fronts))
        path = f"/poll?channel=presence-bail-silent&after=now&wait={LONGEST_POLL}"
        self.polls = {
            name: self.threads.submit(request, port, path) for name, port in stage.fronts.items()
        }
        until(lambda: stage.readers() == 2 * len(self.polls), "the streams and polls")
        self.began = time.monotonic()

    def readers(self):
        """Returns the number of these readers, which is constant until the first poll ends."""
        return len(self.streams) + len(self.polls)

    def close(self):
        for stream in self.streams.values():
            stream.close()
        self.threads.shutdown(wait=False, cancel_futures=True)


class ProxyTest(unittest.TestCase):
    def for_each(self, body):
        for name, port in stage.fronts.items():
            with self.subTest(name):
                body(port)


class Files(ProxyTest):
    def test_the_proxies_accept_them_without_warnings(self):
        self.assertEqual(stage.openings.keys(), stage.fronts.keys())
        for name, opening in stage.openings.items():
            # The warning about Caddy's disabled admin endpoint is expected.
            complaints = [
                line for line in opening.lower().splitlines()
                if re.search("warn|error|alert|emerg", line) and "admin endpoint" not in line
            ]
            with self.subTest(name):
                self.assertEqual(complaints, [])

    def test_caddy_fmt_does_not_change_the_file(self):
        file = ROOT / "deploy" / "Caddyfile"
        done = subprocess.run(["caddy", "fmt", str(file)], capture_output=True, text=True)
        self.assertEqual(done.stdout, file.read_text())


class Delay(ProxyTest):
    ROUNDS = 3
    EVENTS = 80

    # The seconds by which a proxy may delay an event, or the direct time if it is longer.
    LIMIT = 0.002

    def test_events_arrive_as_early_as_without_a_proxy(self):
        streams = {"direct": Stream(stage.port, "presence-bail-delay").opened()}
        for name, port in stage.fronts.items():
            streams[name] = Stream(port, "presence-bail-delay").opened()
        for stream in streams.values():
            self.addCleanup(stream.close)
        # A busy machine may delay a round. A proxy that holds events back does so in each round.
        least = dict.fromkeys(stage.fronts, float("inf"))
        limit = self.LIMIT
        for round in range(self.ROUNDS):
            delays, direct = self.delays(streams, round)
            limit = max(limit, direct)
            for name, delay in delays.items():
                least[name] = min(least[name], delay)
            if max(least.values()) <= limit:
                break
        said = ", ".join(f"{name}: {delay * 1000:.2f} ms" for name, delay in least.items())
        print(f"median delay: {said}", end=" ... ", flush=True)
        self.assertLessEqual(max(least.values()), limit)

    def delays(self, streams, round):
        """Returns the median delay of each proxy compared with the direct way, and the median time
        of the direct way."""
        took = []
        later = {name: [] for name in stage.fronts}
        for number in range(round * self.EVENTS, (round + 1) * self.EVENTS):
            published = time.time()
            stage.publish("presence-bail-delay", number)
            times = arrivals(streams, b'"data":{"n":%d}' % number)
            direct = times.pop("direct")
            took.append(direct - published)
            for name, came in times.items():
                later[name].append(came - direct)
        delays = {name: statistics.median(each) for name, each in later.items()}
        return delays, statistics.median(took)


class Leaving(ProxyTest):
    def leaves(self, begin):
        # Readers of other tests may be about to end.
        until(lambda: stage.readers() == patience.readers(), "the other readers' end")
        before = patience.readers()
        began = time.monotonic()
        leave = begin()
        until(lambda: stage.readers() == before + 1, "the reader")
        left = time.monotonic()
        leave()
        until(lambda: stage.readers() == before, "the reader's end")
        # A second, or longer if this machine is slow.
        self.assertLess(time.monotonic() - left, max(1, 20 * (left - began)))

    def test_an_abandoned_stream_is_no_reader_after_a_second(self):
        def begin(port):
            return Stream(port, "presence-bail-leaving").opened().close

        self.for_each(lambda port: self.leaves(lambda: begin(port)))

    def test_an_abandoned_poll_is_no_reader_after_a_second(self):
        path = f"/poll?channel=presence-bail-leaving&after=now&wait={LONGEST_POLL}"

        def begin(port):
            link = socket.create_connection(("127.0.0.1", port))
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            return link.close

        self.for_each(lambda port: self.leaves(lambda: begin(port)))


class Requests(ProxyTest):
    def test_the_client_s_address_arrives_and_cannot_be_forged(self):
        claims = [
            {},
            {"X-Forwarded-For": "203.0.113.1"},
            {"Forwarded": "for=203.0.113.1"},
            {"X-Forwarded-For": "203.0.113.1", "Forwarded": "for=203.0.113.1"},
        ]
        sources = iter(f"127.0.1.{number}" for number in range(1, 255))

        def check(port):
            for claim in claims:
                source = next(sources)
                answer = request(port, "/poll?channel=presence-bail-1&after=zzz", claim, source)
                self.assertEqual(answer[0], 400)
                until(lambda: f" client={source}\n" in stage.gateway.said(), f"{source} {claim}")

        self.for_each(check)
        self.assertNotIn("203.0.113.1", stage.gateway.said())

    def test_pages_of_the_site_may_send_and_pages_of_other_sites_may_not(self):
        def send(port, host, origin):
            path = "/channels/presence-bail-send/events?user=usr_7"
            fields = {"Host": host, "Origin": origin, "Content-Type": "application/json"}
            body = '{"event":"client-typing","data":{"isTyping":true}}'
            return request(port, path, fields, method="POST", body=body)[0]

        def check(port):
            site = f"127.0.0.1:{port}"
            self.assertIn(send(port, site, f"http://{site}"), [202, 429])
            self.assertEqual(send(port, site, "http://evil.example"), 403)

        self.for_each(check)

    def test_a_plain_conditional_poll_is_answered_with_304(self):
        def check(port):
            path = "/poll?channel=presence-bail-etag"
            position = request(port, path)[1]["position"]
            self.assertEqual(request(port, path, {"If-None-Match": f'"{position}"'})[0], 304)

        self.for_each(check)


class Waiting(ProxyTest):
    def test_a_waiting_poll_is_answered_with_the_next_event(self):
        path = "/poll?channel=presence-bail-wait&after=now&wait=50"
        before = stage.readers()
        with concurrent.futures.ThreadPoolExecutor() as threads:
            polls = {
                name: threads.submit(request, port, path) for name, port in stage.fronts.items()
            }
            until(lambda: stage.readers() == before + len(polls), "the polls")
            stage.publish("presence-bail-wait", 1)
            for name, poll in polls.items():
                with self.subTest(name):
                    status, answer, _ = poll.result()
                    self.assertEqual(status, 200)
                    self.assertEqual([each["data"] for each in answer["events"]], [{"n": 1}])


class WaitingLong(ProxyTest):
    """Runs last because of its name: its requests wait while other tests run."""

    def test_the_longest_poll_is_answered_by_the_gateway(self):
        for name, poll in patience.polls.items():
            with self.subTest(name):
                status, answer, seconds = poll.result()
                self.assertEqual((status, answer["events"]), (200, []))
                self.assertGreater(seconds, LONGEST_POLL - 1)

    def test_the_silent_stream_stays_open(self):
        time.sleep(max(0, patience.began + IDLE - time.monotonic()))
        for name, stream in patience.streams.items():
            with self.subTest(name):
                self.assertFalse(stream.is_over)
                self.assertGreaterEqual(stream.text.count(b"\n:"), IDLE // 15)
        stage.publish("presence-bail-quiet", 1)
        for name, stream in patience.streams.items():
            with self.subTest(name):
                until(lambda: b'"data":{"n":1}' in stream.text, "the event")
