# SPDX-License-Identifier: MIT
"""The answers of each proxy while the gateway is down, and the answers it must not change."""

import http.client
import re
import unittest

from clients import Stream
from proxies import ProxyFixture, until

STREAM = "text/event-stream"
PATH = "/events?channel=presence-bail-away"


def setUpModule():
    global stage, fronts
    stage = ProxyFixture(is_whole=False, variables={"PASSERELLE_MAX_STREAMS": "1"})
    unittest.addModuleCleanup(stage.close)
    fronts = {kind: stage.front(kind, "tcp") for kind in ["nginx", "caddy", "haproxy"]}


def get(port, path, **fields):
    """Returns status, header and body."""
    link = http.client.HTTPConnection("127.0.0.1", port, 600)
    try:
        link.request("GET", path, None, {name.replace("_", "-"): fields[name] for name in fields})
        answer = link.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        link.close()


class Away(unittest.TestCase):
    def setUp(self):
        stage.gateway.close()

    def for_each(self, body):
        for name, port in fronts.items():
            with self.subTest(name):
                body(port)

    def test_an_event_stream_says_when_to_reconnect(self):
        def check(port):
            status, fields, body = get(port, PATH, Accept=STREAM, Origin="http://app.example")
            self.assertEqual((status, fields["Content-Type"]), (200, STREAM))
            self.assertEqual(fields["Access-Control-Allow-Origin"], "http://app.example")
            self.assertEqual(fields["Access-Control-Allow-Credentials"], "true")
            self.assertEqual(fields["Cache-Control"], "no-store")
            self.assertIsNone(fields["Passerelle-Away"])
            found = re.fullmatch(
                r'retry: (\d+)\n\nevent: passerelle:unavailable\n'
                r'data: {"reason":"gateway-away","retry_ms":\1}\n\n', body)
            self.assertTrue(found, body)
            self.assertIn(int(found[1]), range(2000, 5001))

        self.for_each(check)

    def test_every_other_request_gets_a_status(self):
        def check(port):
            for path, fields in [
                (PATH, {}), (PATH, {"Accept": "*/*"}), ("/readyz", {"Accept": STREAM}),
                ("/poll?channel=presence-bail-away", {"Accept": STREAM}),
                (PATH, {"Accept": STREAM, "Passerelle_Refusals": "status"}),
            ]:
                self.assertIn(get(port, path, **fields)[0], [502, 503], (path, fields))

        self.for_each(check)


class Back(unittest.TestCase):
    """Runs after the tests that need a gateway that is down, because of its name."""

    def test_streams_reconnect_and_the_gateway_s_own_refusals_pass(self):
        if stage.gateway.process.poll() is not None:
            stage.begin()
        for name, port in fronts.items():
            with self.subTest(name):
                stream = Stream(port, "presence-bail-away").opened()
                status, fields, body = get(port, PATH, Accept=STREAM)
                self.assertEqual((status, fields.get_content_type()), (200, STREAM))
                self.assertIn('"reason":"too-many-streams"', body)
                status, fields, body = get(port, PATH)
                self.assertEqual(status, 503)
                self.assertIn('"error":"too-many-streams"', body)
                stream.close()
                until(lambda: stage.readers() == 0, "the reader's end")
