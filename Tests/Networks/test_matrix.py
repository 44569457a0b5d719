# SPDX-License-Identifier: MIT
"""The judgement about a client finds each kind of failure."""

import pathlib
import unittest

import boxes
import table
from matrix import Result

GOOD = {
    "first": 0.5, "received": 10, "unbroken": 10, "disordered": [], "gaps": [], "errors": [],
    "duplicated": [], "states": [[0.1, "live stream"]], "sent": "accepted", "median": 0.001,
    "p99": 12.4, "slowest": 31.0,
}


def result(client="module", expected="all", sending="accepted", box="direct", **changes):
    report = {} if "empty" in changes else {**GOOD, **changes}
    return Result(box, client, expected, sending, 10, report, {})


class JudgementTests(unittest.TestCase):
    def assert_problem(self, words, **changes):
        problems = result(**changes).problems()
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_a_client_that_received_everything_once_has_no_problem(self):
        for client in ("module", "rescue", "eventsource"):
            self.assertEqual(result(client).problems(), [])

    def test_a_client_that_received_less_or_more_has_one(self):
        self.assert_problem("lost 1, the first is 4", received=9, unbroken=4)
        self.assert_problem("duplicated: [3]", duplicated=[3])
        self.assert_problem("out of order: ['3 after 4']", disordered=["3 after 4"])
        self.assertEqual(result("rescue", box="cut-10", disordered=["3 after 4"]).problems(), [])
        for box in ("direct", "close-websockets"):
            self.assert_problem("out of order", client="rescue", box=box, disordered=["3 after 4"])
        self.assert_problem("gaps", gaps=["evicted"])
        self.assert_problem("errors in the page: ['x']", errors=["x"])
        self.assert_problem("did not report", empty=1)

    def test_sending_must_end_as_the_box_defines(self):
        self.assert_problem("sending: None instead of accepted", sent=None)
        self.assert_problem("sending: accepted instead of timeout", sending="timeout")
        self.assertEqual(result(sending="timeout", sent="timeout").problems(), [])

    def test_an_event_source_must_receive_exactly_what_the_box_passes(self):
        def source(**changes):
            return {"client": "eventsource", "sent": None, **changes}

        part = {"received": 4, "unbroken": 4}
        self.assertEqual(result(**source(expected="some", **part)).problems(), [])
        self.assertEqual(result(**source(expected="none", received=0, unbroken=0)).problems(), [])
        closed = {"states": [[1, "open"], [2, "closed"]]}
        self.assertEqual(result(**source(expected="dies", **part, **closed)).problems(), [])
        self.assert_problem("of which only 3", **source(expected="some", received=4, unbroken=3))
        self.assert_problem("nothing can pass", **source(expected="none", **part))
        self.assert_problem("cannot survive", **source(expected="dies", **part))
        self.assert_problem("cannot survive", **source(expected="dies", **closed))

    def test_the_table_has_a_row_for_each_client_with_its_numbers(self):
        results = [result(), result("rescue", received=9, duplicated=[1, 2])]
        text = table.tables(results, ["direct"], "pusher-js 1.2.3")
        self.assertIn("| direct | 10 | 0 | 0 | 0 | 0.50 s | 0.00 s | 12 s | 31 s |", text)
        self.assertIn("### `rescue` beside pusher-js 1.2.3", text)
        self.assertIn("| direct | 9 | 1 | 2 |", text)

    def test_the_readme_has_the_tables_of_boxes_and_situations(self):
        text = pathlib.Path(__file__).with_name("README.md").read_text()
        self.assertIn(table.listed(make() for make in boxes.sets(False).values()), text)
        self.assertIn(table.situations(), text)


if __name__ == "__main__":
    unittest.main()
