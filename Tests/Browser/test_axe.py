# SPDX-License-Identifier: MIT
"""axe-core on every page: on a screen and on a telephone, in the light and the dark scheme."""

import unittest

import axe
import shared
from demo import CHANNEL, until
from operated import Operated

SIZES = ((1280, 800), (390, 844))


class AxeTests(unittest.TestCase):
    def setUp(self):
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.browser.complaints()  # Those of earlier tests, such as a console that was closed.
        self.addCleanup(self.driver.get, "about:blank")
        self.addCleanup(self.browser.show, 1280, 800)

    def check(self, name):
        """Runs axe on the page as it is shown now, in each size and scheme."""
        for width, height in SIZES:
            for dark in (False, True):
                self.browser.show(width, height, dark)
                place = f"{name}, {width} px, {'dark' if dark else 'light'}"
                self.assertEqual(axe.violations(self.driver), [], place)

    def has(self, selector):
        found = "return document.querySelector(arguments[0]) !== null"
        until(lambda: self.driver.execute_script(found, selector), f"{selector} is there")

    def test_axe_finds_a_fault(self):
        self.driver.get("data:text/html,<title>x</title><input><img src=x>")
        found = " ".join(axe.violations(self.driver))
        for rule in ("label", "image-alt", "html-has-lang"):
            self.assertIn(rule + ":", found)
        self.browser.complaints()

    def test_the_demo_has_no_fault(self):
        demo = shared.demo()
        self.driver.get(demo.url + "/")
        self.has("[data-pane=client] .state[data-state=live]")
        demo.publish("new-message", {"message": {"id": "axe", "senderId": "usr_notary_01",
                                                 "content": "Bonjour"}})
        demo.publish("new-request", {"request": {"id": "axe-request", "title": "Attestation"}})
        self.has("[data-pane=client] [data-id=axe-request]")
        self.check("the demo")
        for tab in ("client", "gateway"):
            self.browser.show(390, 844)
            self.driver.find_element("css selector", f"[data-tab={tab}]").click()
            self.assertEqual(axe.violations(self.driver), [], f"the demo, {tab}")
        self.driver.find_element("css selector", "#explain").click()
        self.check("the explanations")
        self.assertEqual(self.browser.complaints(), [])

    def test_the_demo_has_no_fault_in_an_outage_after_a_gap_and_with_an_open_form(self):
        demo = shared.demo()
        self.driver.get(demo.url + "/")
        self.has("[data-pane=client] .state[data-state=live]")
        self.driver.find_element("css selector", "[data-pane=notary] .icon").click()
        self.has("[data-pane=notary] .ask:not([hidden])")
        self.addCleanup(demo.connect_channels, True)
        demo.connect_channels(False)
        self.has("[data-pane=client] .away:not([hidden])")
        self.check("the demo in an outage")
        demo.connect_channels(True)
        self.has("[data-pane=client] .gap")
        self.has("[data-pane=client] .away[hidden]")
        self.check("the demo after a gap")
        self.browser.complaints()  # Chromium logs each typing state that the gateway refused.

    def test_the_test_of_the_network_has_no_fault_while_it_runs_and_in_its_result(self):
        self.driver.get(shared.demo().url + "/diagnose?quick=1")
        self.has("h1")
        self.assertEqual(axe.violations(self.driver), [], "/diagnose, running")
        self.has("#result:not([hidden])")
        self.driver.find_element("css selector", "#result summary").click()
        self.check("/diagnose, the result")
        self.browser.complaints()  # The page tries what a network may block.

    def test_the_console_has_no_fault(self):
        gateway = Operated()
        self.addCleanup(gateway.close)
        self.driver.get(gateway.url)
        self.has("body[data-link=live]")
        gateway.reads(CHANNEL, "usr_7", '{"name":"Anne"}')
        until(lambda: gateway.is_live(CHANNEL), "the channel is subscribed")
        gateway.says(CHANNEL, "new-message", '{"text":"Bonjour"}')
        self.has("[data-rows=events] tr")
        self.check("the console")
        gateway.tells("refuse?code=4200&message=x")
        gateway.tells("drop")
        self.has("body[data-link=away]")
        self.check("the console in an outage")
        self.assertEqual(self.browser.complaints(), [])
        gateway.close()
        self.has("body[data-link=lost]")
        self.check("the console without its gateway")
        self.browser.complaints()  # Chromium logs each connection that failed.
