# SPDX-License-Identifier: MIT
"""The core of the browser module, as served, in a page of another origin than the gateway."""

import os
import unittest

import shared
from module_page import ModulePage
from waiting import until


class ModuleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = ModulePage(os.environ["PASSERELLE_TEST_BINARY"])
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.driver = shared.browser().driver
        self.channel = f"presence-bail-{self._testMethodName}"
        self.first = self.driver.current_window_handle
        self.addCleanup(self.leave)

    def leave(self):
        """Closes the tabs that a test has opened, and forgets the page."""
        for tab in self.driver.window_handles:
            self.driver.switch_to.window(tab)
            if tab != self.first and len(self.driver.window_handles) > 1:
                self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
        self.driver.get(f"{self.page.origin}/elsewhere")
        self.driver.execute_script("sessionStorage.clear()")
        self.driver.get("about:blank")

    def open(self, **query):
        self.driver.get(self.page.url(self.channel, **query))
        self.is_live()

    def is_live(self):
        until(lambda: self.value("gateway?.state") == "live", "the page is live")

    def value(self, expression):
        return self.driver.execute_script(f"return globalThis.{expression}")

    def has(self, *numbers):
        until(lambda: len(self.value("got") or []) >= len(numbers), f"{len(numbers)} events")
        self.assertEqual(self.value("got"), list(numbers))

    def test_a_reload_keeps_the_position(self):
        self.open()
        self.page.publish(self.channel, 1, 2)
        self.has(1, 2)
        self.driver.get(f"{self.page.origin}/elsewhere")
        self.page.publish(self.channel, 3, 4)
        self.open()
        self.has(1, 2, 3, 4)
        self.driver.refresh()
        self.is_live()
        self.page.publish(self.channel, 5)
        self.has(1, 2, 3, 4, 5)
        self.assertEqual(self.value("gaps"), [])

    def test_six_tabs_have_one_stream_and_hand_it_over(self):
        self.open()
        for _ in range(5):
            self.driver.switch_to.new_window("tab")
            self.open()
        until(lambda: self.page.streams() == 1, "one stream")
        self.page.publish(self.channel, *range(10))
        tabs = self.driver.window_handles
        for tab in tabs:
            self.driver.switch_to.window(tab)
            self.has(*range(10))
        for closed in (0, 1):
            self.driver.switch_to.window(tabs[closed])
            self.driver.close()
            self.page.publish(self.channel, *range(10 + 10 * closed, 20 + 10 * closed))
        for tab in tabs[2:]:
            self.driver.switch_to.window(tab)
            self.has(*range(30))
        until(lambda: self.page.streams() == 1, "one stream")

    def test_the_back_forward_cache_restores_the_page_at_its_position(self):
        self.open()
        self.page.publish(self.channel, 1)
        self.has(1)
        self.driver.get(f"{self.page.origin}/elsewhere")
        until(lambda: self.page.streams() == 0, "the stream ends")
        self.page.publish(self.channel, 2)
        self.driver.back()
        self.page.publish(self.channel, 3)
        self.has(1, 2, 3)
        self.assertEqual(self.value("restored"), 1, "the browser keeps the page")

    def test_a_gateway_that_is_killed_and_started_again(self):
        self.open()
        self.page.publish(self.channel, 1)
        self.has(1)
        self.page.kill()
        until(lambda: self.value("gateway.state") == "waiting", "the page waits")
        self.page.serve()
        until(lambda: self.value("gaps"), "the gap")
        self.is_live()
        self.page.publish(self.channel, 2)
        self.has(1, 2)
        # The last events before a kill may not be in the journal; then the position is unknown, too.
        self.assertIn("restart", self.value("gaps"))
        self.assertEqual(self.value("gateway.transport"), "stream")

    def test_a_token_expires_and_another_one_is_used(self):
        self.open(end=-56)
        for n in range(5):
            self.page.publish(self.channel, n)
            until(lambda n=n: self.value("tokens") > n, "another token")
        self.page.publish(self.channel, 5)
        self.has(*range(6))
        self.assertEqual(self.value("gaps"), [])

    def test_a_wrong_clock(self):
        for skew in (-3 * 365 * 86_400_000, 3 * 365 * 86_400_000):
            with self.subTest(skew=skew):
                # A kill can lose the log's last events; then the rest is repeated, of this test only.
                self.channel = f"presence-bail-clock-{skew}"
                self.open(skew=skew)
                self.page.publish(self.channel, 1)
                self.has(1)
                self.driver.execute_script("shift = -shift")
                self.page.kill()
                self.page.serve()
                until(lambda: self.value("gaps"), "the gap")
                self.page.publish(self.channel, 2)
                self.has(1, 2)
                self.leave()
