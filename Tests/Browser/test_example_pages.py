# SPDX-License-Identifier: MIT
"""The pages of examples/, as the demo serves them: each shows the events of a channel, once each."""

import functools
import http.server
import os
import pathlib
import threading
import unittest

from selenium.webdriver.common.by import By

import axe
import shared
from demo import CHANNEL, until

PUSHER_JS = os.environ.get("PASSERELLE_PUSHER_JS")
EXAMPLES = pathlib.Path(__file__, "../../../examples").resolve()
SIZES = ((1280, 800), (390, 844))


class ExamplePageTests(unittest.TestCase):
    def setUp(self):
        self.demo = shared.demo()
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.browser.show(1280, 800)
        self.browser.complaints()  # Those of earlier tests.
        self.addCleanup(self.browser.show, 1280, 800)
        self.addCleanup(self.driver.get, "about:blank")

    def open(self, name, query=""):
        self.driver.get(f"{self.demo.url}/examples/{name}.html{query}")

    def text(self, id):
        return self.driver.find_element(By.ID, id).text

    def publish(self, id):
        message = {"id": id, "content": f"Bonjour {id}", "senderId": "usr_notary_01"}
        self.demo.publish("new-message", {"message": message})

    def shown(self, prefix):
        """Returns the ids of the messages with this prefix, in the order of the page."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll('li')].map((item) => item.dataset.data"
            " ? JSON.parse(item.dataset.data).message?.id : item.dataset.id)"
            ".filter((id) => typeof id === 'string' && id.startsWith(arguments[0]))",
            prefix,
        )

    def receives(self, prefix, *numbers):
        """Publishes messages, and waits until the page shows all with this prefix, in order."""
        for number in numbers:
            self.publish(f"{prefix}{number}")
        expected = [f"{prefix}{number}" for number in range(numbers[-1] + 1)]
        until(lambda: self.shown(prefix) == expected, f"{expected}, not {self.shown(prefix)}")

    def is_clean(self, name):
        for width, height in SIZES:
            for dark in (False, True):
                self.browser.show(width, height, dark)
                size = f"{name}, {width} px, {'dark' if dark else 'light'}"
                self.assertEqual(axe.violations(self.driver), [], size)
                inside = "return document.documentElement.scrollWidth <= innerWidth"
                self.assertTrue(self.driver.execute_script(inside), size)
            self.driver.save_screenshot(str(shared.pictures() / f"example-{name}-{width}.png"))

    def test_every_page_is_served(self):
        for page in EXAMPLES.glob("*.html"):
            self.open(page.stem, "?channel=" + CHANNEL)
            self.assertEqual(self.driver.execute_script("return document.contentType"), "text/html")
            self.assertIn(self.driver.title, page.read_text())

    def test_the_module(self):
        self.open("module")
        until(lambda: self.text("state") == "live by stream", "it is live")
        until(lambda: "usr_tenant_07" in self.text("members"), "the members")
        self.receives("module-", 0, 1, 2)
        # The page's own message goes through the application.
        field = self.driver.find_element(By.NAME, "content")
        field.send_keys("De la page")
        field.submit()
        last = "return document.querySelector('#messages').lastElementChild?.textContent"
        until(lambda: self.driver.execute_script(last) == "De la page", "its own message")
        self.assertEqual(field.get_attribute("value"), "")
        self.demo.publish("message-deleted", {"messageId": "module-1"})
        until(lambda: self.shown("module-") == ["module-0", "module-2"], "the deleted one is gone")
        self.addCleanup(self.demo.connect_channels, True)
        self.demo.connect_channels(False)
        until(lambda: self.text("state").endswith("; Channels is away"), "the outage")
        self.publish("module-3")
        self.demo.connect_channels(True)
        after = ["module-0", "module-2", "module-3"]
        until(lambda: self.shown("module-") == after, "what was missed is loaded")
        self.is_clean("module")

    def test_event_source(self):
        self.open("eventsource", f"?channel={CHANNEL}&user=usr_tenant_07")
        until(lambda: self.text("state") == "Live", "it is live")
        self.receives("source-", 0, 1, 2)
        self.is_clean("eventsource")

    def test_the_api_of_pusher_js(self):
        self.open("pusher")
        until(lambda: self.text("state") == "connected", "it is connected")
        until(lambda: "usr_tenant_07" in self.text("members"), "the members")
        self.receives("pusher-", 0, 1, 2)
        self.is_clean("pusher")

    def rescues(self, prefix, query=""):
        self.open("rescue", query)
        until(lambda: self.text("state") == "connected", "pusher-js is connected")
        until(lambda: "usr_tenant_07" in self.text("members"), "the members")
        self.receives(prefix, 0, 1)
        self.driver.find_element(By.ID, "block").click()
        until(lambda: self.text("state") != "connected", "pusher-js is not connected")
        self.receives(prefix, 2, 3)
        self.driver.find_element(By.ID, "block").click()
        until(lambda: self.text("state") == "connected", "pusher-js is connected again")
        self.receives(prefix, 4, 5)

    def test_rescue_with_the_stand_in(self):
        self.rescues("rescue-")
        self.assertIn("runs a stand-in", self.text("library"))
        self.is_clean("rescue")

    @unittest.skipUnless(PUSHER_JS, "NOT TESTED with pusher-js: PASSERELLE_PUSHER_JS names no file")
    def test_rescue_with_pusher_js(self):
        handler = functools.partial(Quiet, directory=os.path.dirname(os.path.abspath(PUSHER_JS)))
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.addCleanup(site.shutdown)
        # The library comes from this test's own server, which the page's policy does not allow.
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        self.addCleanup(self.driver.execute_cdp_cmd, "Page.setBypassCSP", {"enabled": False})
        url = f"http://127.0.0.1:{site.server_port}/{os.path.basename(PUSHER_JS)}"
        self.rescues("library-", "?pusher=" + url)
        self.assertIn("pusher-js", self.text("library"))

    def tearDown(self):
        # Chromium logs each WebSocket that is blocked.
        lines = [line for line in self.browser.complaints() if "WebSocket" not in line]
        self.assertEqual(lines, [])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass
