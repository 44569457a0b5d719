# SPDX-License-Identifier: MIT
"""`passerelle check --public` through the proxies of deploy/, and with each mistake."""

import json
import subprocess
import unittest

from proxies import PROGRAM, ProxyFixture
from waiting import HANG_LIMIT


def setUpModule():
    global stage
    stage = ProxyFixture(is_whole=False)
    unittest.addModuleCleanup(stage.close)


def check(port, path="/", seconds=2):
    """Returns the exit code, and the failures and warnings by name."""
    done = subprocess.run(
        [PROGRAM, "check", "--json", "--public", f"http://127.0.0.1:{port}{path}",
         "--for", f"{seconds}s"],
        env=stage.settings, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_LIMIT,
    )
    checks = json.loads(done.stdout)["checks"]
    assert {each["check"] for each in checks} >= {"gateway", "stream", "idle-poll"}, done.stdout
    return done.returncode, {
        each["check"]: f"{each['found']} => {each['remedy']}"
        for each in checks if each["status"] in ("failed", "warning")
    }


class Shipped(unittest.TestCase):
    def test_the_shipped_proxy_configurations_pass_the_check(self):
        for kind in ["nginx", "caddy", "haproxy"]:
            with self.subTest(kind):
                self.assertEqual(check(stage.front(kind, "tcp")), (0, {}))

    def test_a_path_that_the_proxy_removes_is_part_of_the_url(self):
        port = stage.front("nginx", "tcp", {
            "location / {": "location /chat/ {",
            "proxy_pass http://passerelle;": "proxy_pass http://passerelle/;",
        })
        self.assertEqual(check(port, "/chat/"), (0, {}))
        code, said = check(port)
        self.assertEqual((code, list(said)), (1, ["gateway"]))
        self.assertIn("check its path", said["gateway"])

    def test_silence_lasts_for_several_heartbeats(self):
        code, said = check(stage.front("nginx", "tcp"), seconds=17)
        self.assertEqual((code, said), (0, {}))


class Mistakes(unittest.TestCase):
    def finds(self, kind, mistakes, **expected):
        """Checks that exactly these checks fail or warn, each with these words in its finding."""
        code, said = check(stage.front(kind, "tcp", mistakes))
        self.assertEqual(code, 1)
        self.assertEqual(sorted(said), sorted(name.replace("_", "-") for name in expected), said)
        for name, words in expected.items():
            for each in words:
                self.assertIn(each, said[name.replace("_", "-")])

    def test_a_proxy_that_buffers(self):
        # nginx buffers unless its configuration or the gateway's answer turns that off; here both
        # do not.
        self.finds(
            "nginx", {
                "proxy_buffering off;": "proxy_ignore_headers X-Accel-Buffering;",
                "proxy_http_version 1.1;": "",
            },
            stream=["buffered: nothing arrived within", "nginx: proxy_buffering off"],
        )

    def test_a_proxy_that_compresses(self):
        self.finds(
            "nginx", {
                "gzip off;": "gzip on; gzip_proxied any; gzip_types text/event-stream;",
            },
            stream=["compressed (gzip)", "gzip off"],
        )

    def test_a_proxy_whose_timeout_is_shorter_than_a_heartbeat(self):
        for kind, line in [("nginx", "proxy_read_timeout {}s;"), ("haproxy", "timeout server {}s")]:
            with self.subTest(kind):
                self.finds(
                    kind, {line.format(90): line.format(1)},
                    idle_stream=["of silence, by something between", "longer than PASSERELLE_HEARTBEAT"],
                    idle_poll=["504, not from a gateway after ", "proxy_read_timeout 90s"],
                )

    def test_a_proxy_that_removes_credentials(self):
        for name in ["Cookie", "Authorization", "Last-Event-ID"]:
            with self.subTest(name):
                self.finds(
                    "nginx", {"gzip off;": f'gzip off; proxy_set_header {name} "";'},
                    headers=[f"{name} does not arrive", "make the proxy pass on"],
                )
        self.finds(
            "nginx", {"gzip off;": 'gzip off; proxy_set_header Authorization "Basic eDp5";'},
            headers=["Authorization arrives changed"],
        )

    def test_a_proxy_that_breaks_conditional_polls(self):
        self.finds(
            "nginx", {"gzip off;": "gzip off; proxy_hide_header ETag;"},
            poll=["ETag is removed"],
        )
        self.finds(
            "nginx", {"gzip off;": 'gzip off; proxy_set_header If-None-Match "";'},
            headers=["If-None-Match does not arrive"], poll=["instead of 304"],
        )
        self.finds(
            "nginx", {"gzip off;": "gzip off; proxy_hide_header Cache-Control;"},
            poll=["Cache-Control lacks no-cache"],
        )

    def test_a_proxy_with_a_wrong_gateway_address(self):
        self.finds(
            "nginx", {f"server 127.0.0.1:{stage.port} ": "server 127.0.0.1:1 "},
            gateway=["502, not from a gateway", "does not reach the gateway"],
        )

    def test_a_proxy_that_is_not_running(self):
        code, said = check(1)
        self.assertEqual((code, list(said)), (1, ["tcp"]))
        self.assertIn("check that the proxy runs", said["tcp"])
