# SPDX-License-Identifier: MIT
"""A browser's own EventSource while the gateway is down or full, without a library."""

import http.server
import json
import pathlib
import shutil
import sys
import threading
import time
import unittest

import shared
from waiting import until

PROXIES = pathlib.Path(__file__).resolve().parent.parent / "Proxies"
NAMES = ["nginx", "caddy", "haproxy"]
CHANNEL = "presence-bail-away"
AWAY = 30

PAGE = b"""<!doctype html>
<title>Away</title>
<script>
  const sources = {};
  function follow(name, url) {
    const source = new EventSource(url, { withCredentials: true });
    const seen = sources[name] = { opened: 0, closed: 0, numbers: [], reasons: [] };
    source.addEventListener("pusher:subscription_succeeded", () => { seen.opened++; });
    source.addEventListener("passerelle:unavailable",
      (message) => { seen.reasons.push(JSON.parse(message.data).reason); });
    source.addEventListener("new-message",
      (message) => { seen.numbers.push(JSON.parse(message.data).data.n); });
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) seen.closed++; };
  }
</script>
"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *words):
        pass


class AwayTests(unittest.TestCase):
    def setUp(self):
        sys.path.append(str(PROXIES))
        self.addCleanup(sys.path.remove, str(PROXIES))
        import proxies

        self.proxies = proxies
        self.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=self.site.serve_forever, daemon=True).start()
        self.addCleanup(self.site.shutdown)
        self.origin = f"http://127.0.0.1:{self.site.server_port}"
        self.driver = shared.browser().driver
        self.addCleanup(self.driver.get, "about:blank")

    def stage(self, **variables):
        # A page of another origin: it must be able to read the proxies' own answers too.
        stage = self.proxies.ProxyFixture(
            is_whole=False, variables={"PASSERELLE_ORIGINS": self.origin, **variables})
        self.addCleanup(stage.close)
        return stage

    def follow(self, ports):
        self.driver.get(self.origin)
        for name, port in ports.items():
            url = f"http://127.0.0.1:{port}/events?channel={CHANNEL}"
            self.driver.execute_script("follow(arguments[0], arguments[1])", name, url)

    def seen(self):
        return self.driver.execute_script("return sources")

    def said(self):
        return json.dumps(self.seen())

    @unittest.skipUnless(
        all(shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in NAMES),
        "NOT TESTED: a proxy is missing; Tests/install proxies installs them")
    def test_clients_reconnect_to_a_restarted_gateway_through_each_proxy_and_directly(self):
        stage = self.stage()
        ports = {name: stage.front(name, "tcp") for name in NAMES}
        ports["direct"] = stage.port
        self.follow(ports)
        until(lambda: all(each["opened"] for each in self.seen().values()), "streams", said=self.said)
        stage.publish(CHANNEL, 1)
        until(lambda: all(1 in each["numbers"] for each in self.seen().values()), "the event")
        stage.gateway.close()
        time.sleep(AWAY)
        for name in NAMES:
            with self.subTest(name):
                self.assertIn("gateway-away", self.seen()[name]["reasons"])
        stage.begin()
        until(
            lambda: all(each["opened"] > 1 for each in self.seen().values()), "streams again", 60,
            said=self.said)
        stage.publish(CHANNEL, 2)
        until(lambda: all(2 in each["numbers"] for each in self.seen().values()), "the next event")
        self.assertEqual([each["closed"] for each in self.seen().values()], [0] * len(ports))

    def first_stream(self, stage):
        """Opens a stream once there is room for one: the connection that checked whether the
        gateway is up must have ended there."""
        from clients import Stream

        streams = []

        def is_open():
            streams.append(Stream(stage.port, CHANNEL))
            try:
                streams[-1].opened()
            except AssertionError:
                streams[-1].close()
                return False
            return True

        until(is_open, "the first stream")
        return streams[-1]

    def test_a_gateway_without_capacity_is_retried_until_it_has_some(self):
        for variable, reason in [
            ("PASSERELLE_MAX_STREAMS", "too-many-streams"),
            ("PASSERELLE_MAX_CONNECTIONS", "too-many-connections"),
        ]:
            with self.subTest(variable):
                stage = self.stage(**{variable: "1"})
                first = self.first_stream(stage)
                self.follow({"direct": stage.port})
                until(lambda: self.seen()["direct"]["reasons"], "the refusal", said=self.said)
                first.close()
                until(lambda: self.seen()["direct"]["opened"], "the stream", 60, said=self.said)
                self.assertEqual(self.seen()["direct"]["closed"], 0)
                self.assertEqual(set(self.seen()["direct"]["reasons"]), {reason})
