# SPDX-License-Identifier: MIT
"""A page with nothing but EventSource: named events, reconnection, no loss, no doubling."""

import pathlib
import unittest
from urllib.parse import urlencode

import shared
from cutting_proxy import CuttingProxy
from demo import CHANNEL, until

PAGE = pathlib.Path(__file__, "../../../examples/eventsource.html").resolve().read_bytes()


class EventSourceTests(unittest.TestCase):
    def setUp(self):
        self.demo = shared.demo()
        self.driver = shared.browser().driver
        self.proxy = CuttingProxy(self.demo.http, PAGE)
        self.addCleanup(self.proxy.close)
        self.addCleanup(shared.browser().complaints)  # Chromium logs each stream that is cut.
        self.addCleanup(self.driver.get, "about:blank")

    def open(self, **query):
        query = urlencode({"channel": CHANNEL, "user": "usr_notary_01", **query})
        self.driver.get(f"{self.proxy.url}/?{query}")
        until(lambda: self.events("pusher:subscription_succeeded"), "the snapshot")

    def events(self, name):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('li')]"
            ".filter((item) => item.dataset.event === arguments[0])"
            ".map((item) => JSON.parse(item.dataset.data))",
            name,
        )

    def positions(self):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('li')].map((item) => item.dataset.id)"
        )

    def heard(self, prefix):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('[data-event=new-message]')]"
            ".map((item) => JSON.parse(item.dataset.data).message?.id)"
            ".filter((id) => typeof id === 'string' && id.startsWith(arguments[0]))",
            prefix,
        )

    def send(self, *ids):
        for each in ids:
            self.demo.publish("new-message", {"message": {"id": each, "content": "Bonjour"}})

    def test_events_arrive_under_their_own_names(self):
        self.open()
        self.assertIn("presence", self.events("pusher:subscription_succeeded")[0])
        self.demo.publish("new-message", {"message": {"id": "named", "content": "é \u2028 <b>"}})
        self.demo.publish("new-request", {"request": {"id": "asked"}})
        self.demo.publish("request-updated", {})
        self.demo.publish("message-deleted", {"messageId": "named"})
        until(lambda: self.events("message-deleted"), "the last of them")
        self.assertEqual(self.events("new-message")[-1]["message"]["content"], "é \u2028 <b>")
        self.assertEqual(self.events("new-request")[-1], {"request": {"id": "asked"}})
        self.assertEqual(self.events("request-updated")[-1], {})
        self.assertEqual(self.events("message-deleted")[-1], {"messageId": "named"})
        self.assertNotIn("", self.positions())

    def test_a_cut_stream_resumes_at_its_position(self):
        self.open()
        expected = []
        for turn in range(3):
            before = [f"cut-{turn}-before-{n}" for n in range(4)]
            self.send(*before)
            expected += before
            # In two of the turns some events may be on their way when the stream is cut.
            if turn == 0:
                until(lambda: self.heard("cut-") == expected, "all so far")
            seen = len(self.proxy.requests("/events"))
            self.assertGreater(self.proxy.cut(), 0)
            away = [f"cut-{turn}-away-{n}" for n in range(4)]
            self.send(*away)
            expected += away
            until(lambda: len(self.proxy.requests("/events")) > seen, "the browser reconnects")
        self.send("cut-end")
        expected.append("cut-end")
        until(lambda: "cut-end" in self.heard("cut-"), "the last one")
        self.assertEqual(self.heard("cut-"), expected)
        self.assertEqual(self.events("passerelle:gap"), [])
        requests = self.proxy.requests("/events")
        self.assertNotIn("last-event-id:", requests[0].lower())
        for head in requests[1:]:
            self.assertIn("last-event-id:", head.lower())

    def test_a_later_reader_receives_earlier_messages(self):
        self.open()
        self.send("late-1", "late-2", "late-3")
        until(lambda: "late-3" in self.heard("late-"), "the gateway has them")
        self.open(last=2)
        until(lambda: self.heard("late-") == ["late-2", "late-3"], "the last two")
        self.send("late-4")
        until(lambda: self.heard("late-")[2:], "the next one")
        self.assertEqual(self.heard("late-"), ["late-2", "late-3", "late-4"])
