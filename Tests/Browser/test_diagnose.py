# SPDX-License-Identifier: MIT
"""The page /diagnose in a browser, through networks that spoil something."""

import asyncio
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import shared
from demo import free_ports
from waiting import until

NETWORKS = pathlib.Path(__file__).resolve().parent.parent / "Networks"
CODE = re.compile(r"[0-9X]{4}-[0-9X]{4}-[0-9X]{3}[A-HJ-NP-WYZ]")
# The tests, in the order of the code's characters.
TESTS = ["socket", "first", "frames", "life", "polls", "post", "cookie", "authorization", "cache",
         "clock", "http"]


class Network:
    """A gateway and a Channels server behind a middlebox, through which a browser reaches both."""

    def __init__(self, box):
        from proxy import Route

        self.box = box
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.channels, self.gateway = free_ports(2)
        self.wait(box.start(Route(self.gateway, self.channels, None)))
        self.folder = tempfile.TemporaryDirectory(prefix="passerelle-diagnose-")
        self.processes = []
        self.run("sandbox", PASSERELLE_SANDBOX=f"127.0.0.1:{self.channels}")
        # The page names the host and port that the gateway is configured with: here, the box.
        self.run(
            "serve", PUSHER_APP_ID="1001", PUSHER_KEY="sandbox-key", PUSHER_SECRET="sandbox-secret",
            PUSHER_HOST="127.0.0.1", PUSHER_PORT=str(box.port), PUSHER_SCHEME="http",
            PASSERELLE_HTTP=f"127.0.0.1:{self.gateway}", PASSERELLE_AUTH="none",
            PASSERELLE_ADMIN="none", PASSERELLE_IPC=os.path.join(self.folder.name, "ipc.sock"))
        for port in (self.channels, self.gateway):
            until(lambda: self.listens(port), "the processes listen")

    def run(self, command, **variables):
        output = open(os.path.join(self.folder.name, command), "wb")
        self.processes.append(subprocess.Popen(
            [os.environ["PASSERELLE_TEST_BINARY"], command],
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output))
        output.close()

    def listens(self, port):
        import socket
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False

    def wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.wait(self.box.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.folder.cleanup()


class DiagnoseTests(unittest.TestCase):
    def setUp(self):
        # First, since an installed package may have the name of a module there.
        sys.path.insert(0, str(NETWORKS))
        self.addCleanup(sys.path.remove, str(NETWORKS))
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.addCleanup(self.driver.get, "about:blank")

    def network(self, box):
        network = Network(box)
        self.addCleanup(network.close)
        self.browser.complaints()
        return network

    def text(self, selector):
        return self.driver.execute_script(
            "return document.querySelector(arguments[0]).textContent", selector)

    def open(self, network):
        """Opens the page with short waits."""
        self.driver.get(network.box.url + "/diagnose?quick=1")

    def diagnose(self, network):
        """Opens the page and returns what it found: the JSON, with the grade of each test."""
        self.open(network)
        until(lambda: not self.driver.execute_script(
            "return document.querySelector('#result').hidden"), "the result")
        code = self.text("#code")
        self.assertRegex(code, CODE)
        found = json.loads(self.text("#json"))
        self.assertEqual(found["code"], code)
        found["grades"] = dict(zip(TESTS, code.replace("-", "")))
        for language in ("fr", "en"):
            lines = self.driver.execute_script(
                "return [...document.querySelectorAll(arguments[0])].map((line) => line.textContent)",
                f"#lines-{language} li")
            self.assertEqual(lines, found["lines"][language])
            self.assertEqual(len(lines), 3)
        return found

    def take(self, name):
        """Takes pictures in both sizes, and checks that nothing is wider than the page."""
        for width, height in [(1280, 900), (390, 844)]:
            for dark in (False, True):
                self.browser.show(width, height, dark)
                wide = self.driver.execute_script("return document.documentElement.scrollWidth")
                self.assertLessEqual(wide, width)
                full = self.driver.execute_script("return document.documentElement.scrollHeight")
                self.browser.show(width, full, dark)
                path = shared.pictures() / f"diagnose-{name}-{width}{'-dark' if dark else ''}.png"
                self.driver.save_screenshot(str(path))
                print(f"picture: {path}", flush=True)
        self.browser.show(1280, 800)

    def test_a_network_without_a_problem_has_the_best_code(self):
        from proxy import Box

        network = self.network(Box())
        found = self.diagnose(network)
        grades = found["grades"]
        self.assertEqual(
            {test: grades[test] for test in TESTS if test not in ("first", "frames", "clock")},
            {"socket": "9", "life": "9", "polls": "9", "post": "9", "cookie": "9",
             "authorization": "9", "cache": "9", "http": "1"})
        # These measure time, which a slow machine has less of.
        for test in ("first", "frames", "clock"):
            self.assertIn(grades[test], "9653")
        self.assertTrue(found["lines"]["fr"][0].startswith("Le chat fonctionne en direct."))
        self.assertTrue(found["lines"]["en"][0].startswith("The chat works live."))
        if grades["first"] + grades["frames"] == "99":
            self.assertEqual(found["lines"]["fr"][1:], [
                "Aucun problème trouvé.", "Rien à demander à votre administrateur."])
        self.assertEqual(found["results"]["stream"]["frames"], 10)
        self.assertTrue(found["quick"])
        self.assertEqual(self.browser.complaints(), [])
        self.take("whole")

    def test_a_network_that_closes_web_sockets_is_named(self):
        from boxes import CloseWebSockets

        found = self.diagnose(self.network(CloseWebSockets()))
        self.assertEqual(found["grades"]["socket"], "3")
        self.assertEqual(found["grades"]["polls"], "9")
        self.assertTrue(
            found["lines"]["fr"][0].startswith("Le chat fonctionne en direct, sans WebSocket."))
        self.assertIn("WebSocket coupé après 0,", found["lines"]["fr"][1])
        self.assertIn("WebSocket cut after 0.", found["lines"]["en"][1])
        self.assertIn("autoriser les WebSockets vers 127.0.0.1:", found["lines"]["fr"][2])

    def test_a_network_that_holds_streams_is_named(self):
        from boxes import HoldStreams

        found = self.diagnose(self.network(HoldStreams()))
        grades = found["grades"]
        self.assertEqual((grades["socket"], grades["frames"]), ("0", "1"))
        self.assertEqual((grades["life"], grades["polls"]), ("9", "9"))
        self.assertTrue(found["lines"]["en"][0].startswith("The chat works, with a delay"))
        self.assertIn("flux retenu jusqu’à sa fin", found["lines"]["fr"][1])
        self.assertIn("stream held until its end", found["lines"]["en"][1])
        self.assertIn("without buffering", found["lines"]["en"][2])
        self.take("held")

    def test_a_network_that_refuses_posts_and_one_that_caches_are_named(self):
        from boxes import Cache

        class CacheAndForms(Cache):
            """Also answers a POST with a page of its own."""

            async def answer(self, request, connection):
                from http1 import page

                if request.method == "POST":
                    return page(403, "Forbidden", "Uploads are blocked by policy.")
                return await super().answer(request, connection)

        found = self.diagnose(self.network(CacheAndForms()))
        self.assertEqual((found["grades"]["post"], found["grades"]["cache"]), ("0", "0"))
        self.assertIn("envoi bloqué", found["lines"]["fr"][1])
        self.assertIn("answers come from a cache", found["lines"]["en"][1])

    def test_a_network_that_never_answers_a_post_lets_the_chat_be_read_only(self):
        from boxes import SwallowPosts

        found = self.diagnose(self.network(SwallowPosts()))
        self.assertEqual((found["grades"]["socket"], found["grades"]["post"]), ("9", "0"))
        self.assertEqual(found["results"]["post"]["failed"], "TimeoutError")
        self.assertTrue(found["lines"]["fr"][0].startswith(
            "Le chat peut être lu, mais rien ne peut y être écrit."))
        self.assertTrue(found["lines"]["en"][0].startswith(
            "The chat can be read, but not written to."))
        self.assertIn("pass POST requests to", found["lines"]["en"][2])

    def test_a_network_that_strips_fields_is_named(self):
        from boxes import StripFields

        removed = ("Cookie", "Set-Cookie", "Authorization")
        found = self.diagnose(self.network(StripFields("all", removed, "A test.")))
        self.assertEqual((found["grades"]["cookie"], found["grades"]["authorization"]), ("0", "0"))
        self.assertIn("cookies retirés", found["lines"]["fr"][1])
        self.assertIn("Authorization header removed", found["lines"]["en"][1])
        # Without either, the gateway does not know the reader.
        self.assertTrue(found["lines"]["en"][0].startswith("The chat cannot work on this network."))
        self.assertTrue(found["lines"]["fr"][0].startswith(
            "Le chat ne peut pas fonctionner sur ce réseau."))

    def test_a_whole_run_measures_long_polls_and_a_stream_of_more_than_a_minute(self):
        from proxy import Box

        network = self.network(Box())
        self.driver.get(network.box.url + "/diagnose")
        until(lambda: not self.driver.execute_script(
            "return document.querySelector('#result').hidden"), "the result")
        found = json.loads(self.text("#json"))
        grades = dict(zip(TESTS, found["code"].replace("-", "")))
        self.assertFalse(found["quick"])
        self.assertEqual((grades["socket"], grades["life"], grades["polls"]), ("9", "9", "9"))
        polls = found["results"]["polls"]
        self.assertEqual([poll["seconds"] for poll in polls], [10, 25, 55])
        for poll in polls:
            self.assertTrue(poll["works"], poll)
        self.assertGreater(found["results"]["stream"]["lived_ms"], 69000)

    def test_the_page_is_usable_by_keyboard_and_screen_reader(self):
        from proxy import Box

        network = self.network(Box())
        self.diagnose(network)
        status = self.driver.execute_script(
            "const s = document.querySelector('#status');"
            " return [s.getAttribute('role'), s.getAttribute('aria-live'), s.textContent]")
        self.assertEqual(status[:2], ["status", "polite"])
        self.assertIn("Test terminé. Code :", status[2])
        focused = set()
        for _ in range(8):
            self.driver.switch_to.active_element.send_keys("\ue004")
            focused.add(self.driver.execute_script(
                "return document.activeElement.id || document.activeElement.localName"))
        self.assertLessEqual({"again", "copy-code", "summary"}, focused)
        code = self.text("#code")
        self.driver.execute_script("document.querySelector('#again').focus()")
        self.driver.switch_to.active_element.send_keys("\ue007")
        until(lambda: self.driver.execute_script(
            "return document.querySelector('#again').disabled"), "the test runs again")
        until(lambda: not self.driver.execute_script(
            "return document.querySelector('#result').hidden"), "the result")
        self.assertEqual(self.text("#code")[:2], code[:2])

    def test_a_code_is_decoded_and_a_wrong_one_is_not(self):
        from proxy import Box

        self.open(self.network(Box()))
        wrong = self.driver.execute_async_script("""
            const done = arguments[0];
            import(new URL("diagnose/diagnose.js", location.href)).then(({ encode, decode }) => {
              const grades = { socket: "3", first: "9", frames: "9", life: "6", polls: "5",
                post: "0", cookie: "9", authorization: "X", cache: "9", clock: "6", http: "2" };
              const code = encode(grades);
              const back = decode(code.toLowerCase().replaceAll("-", " "));
              const wrong = [];
              if (JSON.stringify(back) !== JSON.stringify(grades)) wrong.push(code);
              const letters = [...code];
              for (let at = 0; at < code.length - 1; at += 1) {
                if (letters[at] === "-") continue;
                for (const other of "0123456789X") {
                  if (other === letters[at]) continue;
                  const misheard = letters.with(at, other).join("");
                  if (decode(misheard)) wrong.push(misheard);
                }
                const next = letters[at + 1] === "-" ? at + 2 : at + 1;
                if (next >= code.length - 1 || letters[next] === letters[at]) continue;
                const swapped = letters.with(at, letters[next]).with(next, letters[at]).join("");
                if (decode(swapped)) wrong.push(swapped);
              }
              done(wrong);
            }, (error) => done([String(error)]));
        """)
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
