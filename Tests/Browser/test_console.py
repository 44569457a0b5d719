# SPDX-License-Identifier: MIT
"""The console in a browser: the data it shows, the content it must not show, and its layout."""

import re
import time
import unittest

import shared
from demo import until
from operated import Operated

CHANNEL = "presence-bail-console"
BAD = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>&amp;"


class ConsoleTests(unittest.TestCase):
    def setUp(self):
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.browser.show(1280, 800)

    def operate(self, **variables):
        """Starts a gateway with a console, and opens its page."""
        self.gateway = Operated(**variables)
        self.addCleanup(self.gateway.close)
        self.addCleanup(self.driver.get, "about:blank")
        self.driver.get(self.gateway.url)
        until(lambda: self.text("link") == "Live", "the console is live")
        until(lambda: self.text("state") == "Connected", "Channels is connected")

    def joins(self, channel=CHANNEL, user=None, info=None):
        self.gateway.reads(channel, user, info)
        until(lambda: self.gateway.is_live(channel), f"{channel} is subscribed")

    def text(self, name):
        return self.texts(f"[data-text={name}]")[0]

    def texts(self, selector):
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)",
            selector,
        )

    def figure(self, chart, key):
        """Returns a number of a chart's legend."""
        text = self.texts(f"[data-chart={chart}] .legend .{key} b")[0]
        return float(text.replace(",", "")) if re.fullmatch(r"[\d.,]+", text) else None

    def curve(self, chart, key):
        """Returns the height of each point of a curve, from the top."""
        path = self.driver.execute_script(
            "return document.querySelector(arguments[0]).getAttribute('d')",
            f"[data-chart={chart}] .curve.{key}",
        )
        return [float(each) for each in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]

    def page(self):
        return self.driver.execute_script("return document.documentElement.outerHTML")

    def fits(self, name):
        """Takes a picture, and checks that the page is no wider than the screen."""
        self.driver.save_screenshot(str(shared.pictures() / f"console-{name}.png"))
        widths = self.driver.execute_script(
            "return [document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]"
        )
        self.assertLessEqual(max(widths), widths[2], name)

    def test_readers_members_and_events_are_shown_live(self):
        self.operate()
        self.assertEqual(self.texts("[data-none]:not([hidden])").__len__(), 2)
        self.joins(user="usr_7")
        until(lambda: self.figure("readers", "sse") == 1, "one reader")
        until(lambda: self.texts("[data-rows=channels] .name") == [CHANNEL], "the channel")
        until(lambda: self.texts("[data-rows=channels] span.ids") == ["usr_7"], "the member")
        self.assertEqual(self.texts("[data-rows=channels] .chip"), ["live"])
        before = self.texts("[data-rows=events] .name")
        for number in range(40):
            self.gateway.says(CHANNEL, "new-message", '{"message":{"id":"m%d"}}' % number)
        until(
            lambda: self.texts("[data-rows=events] .name") == ["new-message"] * 40 + before,
            "every event",
        )
        self.assertEqual(self.texts("[data-rows=events] td.size")[0], "24 B")
        self.assertEqual(self.texts("[data-rows=events] .on")[0], CHANNEL)

    def test_charts_move_when_values_change(self):
        self.operate()
        self.joins()
        until(lambda: len(self.curve("readers", "sse")) > 2, "points come")
        self.assertEqual(self.curve("events", "events"), [], "the channel has no event")
        for _ in range(30):
            self.gateway.says(CHANNEL, "e", "{}")
        for chart, key in (("events", "events"), ("events", "messages"), ("deliveries", "sse")):
            until(lambda: self.curve(chart, key) and min(self.curve(chart, key)) < 40, f"{chart} {key}")
        label = self.driver.find_element("css selector", "[data-chart=events] svg").accessible_name
        self.assertRegex(label, r"^Events received per second: now [\d.]+, highest [\d.]+ in two minutes$")
        # The rate falls back to zero: it covers the last second.
        until(lambda: self.figure("events", "events") == 0, "rest")
        count = len(self.curve("readers", "sse"))
        until(lambda: len(self.curve("readers", "sse")) > count, "time goes on")

    def test_charts_have_a_time_axis(self):
        self.operate()
        self.joins()
        until(lambda: all(self.texts(".axis time")), "the time of the newest points")
        axes = self.texts(".axis")
        self.assertEqual(len(axes), 4)
        for text in axes:
            self.assertRegex(text, r"^−2 min−1 min\d\d:\d\d:\d\d$")
        # A second is a 120th of the axis: after a few seconds the curve begins far to the right.
        path = "return document.querySelector('[data-chart=readers] .curve.sse').getAttribute('d')"
        until(lambda: (self.driver.execute_script(path) or "").count("L") > 2, "points come")
        points = [float(x) for x in re.findall(r"[ML]([\d.]+) ", self.driver.execute_script(path))]
        self.assertEqual(points[-1], 240)
        self.assertEqual(points, sorted(points))
        self.assertGreater(points[-1] - points[-2], 1.5)

    def test_the_console_counts_what_the_gateway_saves(self):
        self.operate()
        for _ in range(5):
            self.joins()
        until(lambda: self.text("saved-connections") == "4", "one connection for five readers")
        self.assertEqual(self.text("per-connection"), "5")
        before = self.text("saved-messages")
        for _ in range(10):
            self.gateway.says(CHANNEL, "e", "{}")
        # Fifty deliveries for ten messages; the first messages were the connection's own.
        until(lambda: self.text("saved-messages") != before, "messages are saved")
        until(lambda: int(self.text("saved-messages")) > 30, "forty less than those of the start")

    def test_content_is_shown_only_if_it_is_enabled(self):
        info = '{"name":"a-private-name"}'
        for content in ("0", "1"):
            with self.subTest(content=content):
                self.operate(PASSERELLE_CONSOLE_CONTENT=content)
                self.joins(user="usr_7", info=info)
                self.gateway.says(CHANNEL, "new-message", '{"message":{"id":"m","content":"a-private-word"}}')
                until(lambda: "new-message" in self.texts("[data-rows=events] .name"), "the event")
                until(lambda: "usr_7" in "".join(self.texts("[data-rows=channels] .ids")), "the member")
                shown = content == "1"
                self.assertEqual("a-private-word" in self.page(), shown)
                self.assertEqual("a-private-name" in self.page(), shown)
                notice = self.driver.find_element("css selector", ".notice.content")
                self.assertEqual(notice.is_displayed(), shown)
                if shown:
                    self.gateway.says(CHANNEL, "message-deleted", '{"messageId":"m"}')
                    until(lambda: "a-private-word" not in self.page(), "a deleted message goes")
                    self.assertIn("retracted", self.texts("[data-rows=events] .chip"))
                self.doCleanups()
                self.browser.complaints()  # Chromium logs that the stream ended.

    def test_markup_is_shown_as_text(self):
        self.operate(PASSERELLE_CONSOLE_CONTENT="1")
        self.joins(user=BAD, info='{"name":"%s"}' % BAD.replace('"', "'"))
        self.gateway.says(CHANNEL, BAD, '{"text":"%s"}' % BAD)
        until(lambda: BAD in self.texts("[data-rows=events] .name"), "the event's name as text")
        until(lambda: any(BAD in each for each in self.texts("details li")), "the member as text")
        until(lambda: BAD in self.texts("details summary"), "the user's id as text")
        self.assertIn('{"text":"%s"}' % BAD, self.texts("[data-rows=events] .data"))
        self.assertEqual(len(self.driver.find_elements("css selector", "main img, main script")), 0)
        self.assertIsNone(self.driver.execute_script("return window.broken ?? null"))

    def test_a_lost_gateway_is_shown_and_the_client_reconnects(self):
        self.operate()
        self.joins()
        self.gateway.says(CHANNEL, "before", "{}")
        until(lambda: "before" in self.texts("[data-rows=events] .name"), "the event")
        self.gateway.demo.stop()
        until(lambda: self.text("link") == "Lost", "it is lost")
        notice = self.driver.find_element("css selector", ".notice.lost")
        self.assertRegex(notice.text, r"^No response from the gateway since \d\d:\d\d:\d\d: ")
        self.assertEqual(notice.get_attribute("role"), "alert")
        self.gateway.demo.start()
        until(lambda: self.text("link") == "Live", "it is found")
        self.assertFalse(notice.is_displayed())
        # A restarted gateway has no earlier events, and its counters start at zero.
        until(lambda: self.texts("[data-rows=events] .name") == [], "its own events")
        self.joins()
        self.gateway.says(CHANNEL, "after", "{}")
        until(lambda: "after" in self.texts("[data-rows=events] .name"), "the next event")
        self.browser.complaints()  # Chromium logs every refused connection.

    def test_a_lost_upstream_is_shown_as_away(self):
        self.operate()
        self.joins()
        self.gateway.tells("refuse?code=4200&message=x")
        self.gateway.tells("drop")
        until(lambda: self.text("state") == "Reconnecting", "it is away")
        self.assertEqual(self.text("link"), "Channels: reconnecting")
        cause = "Cause: closed with code 4200: x"
        until(lambda: self.text("cause") == cause, "the cause of the last attempt")
        until(lambda: self.texts("[data-rows=channels] .chip") == ["away"], "and so is the channel")
        self.assertRegex(self.text("since"), r"^for \d+ (s|min), since \d\d:\d\d:\d\d$")
        since = self.text("since").split("since ")[1]
        self.browser.show(1280, 800)
        self.fits("1280-away")
        until(lambda: not self.text("connections").startswith("1 of 1 "), "it is tried again")
        self.assertEqual(self.text("since").split("since ")[1], since)
        self.gateway.tells("normal")
        until(lambda: self.text("state") == "Connected", "it is back")
        self.assertEqual(self.text("link"), "Live")
        self.assertEqual(self.text("cause"), "")
        until(lambda: "passerelle:gap" in self.texts("[data-rows=events] .name"), "with a gap")
        self.assertIn("upstream", self.texts("[data-rows=events] .gap .chip"))

    def test_a_ninth_console_replaces_the_oldest_which_reports_it(self):
        self.operate()
        for _ in range(7):
            self.gateway.listens()
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        self.addCleanup(self.driver.switch_to.window, first)
        self.addCleanup(self.driver.close)
        self.driver.get(self.gateway.url)
        until(lambda: self.text("link") == "Live", "the ninth is live")
        second = self.driver.current_window_handle
        self.driver.switch_to.window(first)
        until(lambda: self.text("link") == "Lost", "the first is replaced")
        self.assertRegex(
            self.texts(".notice.lost")[0],
            r"^A newer console replaced this one \(eight may be open at once\) since .* Reconnecting…$",
        )
        # It reconnects a minute later, and replaces no console until then.
        self.driver.switch_to.window(second)
        self.assertEqual(self.text("link"), "Live")

    def test_a_paused_page_resumes_at_the_current_time(self):
        self.operate(PASSERELLE_CONSOLE_CONTENT="1")
        self.joins()
        self.gateway.says(CHANNEL, "new-message", '{"message":{"id":"m","content":"a-private-word"}}')
        until(lambda: "a-private-word" in self.page(), "the message")
        button = self.driver.find_element("css selector", ".hold")
        button.click()
        self.assertEqual(button.text, "Resume")
        self.gateway.says(CHANNEL, "meanwhile", "{}")
        points = len(self.curve("readers", "sse"))
        uptime = self.text("uptime")
        time.sleep(2.5)  # Long enough to show that the values do not change.
        self.assertEqual(self.text("uptime"), uptime)
        self.assertEqual(len(self.curve("readers", "sse")), points)
        self.assertNotIn("meanwhile", self.texts("[data-rows=events] .name"))
        # A retracted event disappears nevertheless.
        self.gateway.says(CHANNEL, "message-deleted", '{"messageId":"m"}')
        until(lambda: "a-private-word" not in self.page(), "a deleted message goes")
        button.click()
        until(lambda: "meanwhile" in self.texts("[data-rows=events] .name"), "it goes on")

    def test_it_holds_at_most_a_hundred_events(self):
        self.operate()
        self.joins()
        for start in (0, 45, 90):
            for number in range(start, start + 45):
                self.gateway.says(CHANNEL, f"e{number}", "{}")
            last = f"e{start + 44}"
            until(lambda: self.texts("[data-rows=events] .name")[:1] == [last], "the newest")
        names = self.texts("[data-rows=events] .name")
        self.assertEqual(len(names), 100)

    def test_it_fits_desktop_and_mobile_screens_in_light_and_dark_mode(self):
        self.operate(PASSERELLE_CONSOLE_CONTENT="1")
        for width in (1280, 390):
            self.browser.show(width, 800 if width == 1280 else 844)
            self.fits(f"{width}-empty")
        long = "presence-bail-" + "tres-long-identifiant-" * 6
        channels = [long] + [f"presence-bail-{number:04}" for number in range(60)]
        for index, channel in enumerate(channels):
            for user in range(1 + index % 3 + (9 if channel == long else 0)):
                self.gateway.reads(channel, f"usr_{user}_" + "x" * (40 * (index == 1)), '{"name":"Étude"}')
        until(lambda: self.gateway.is_live(*channels), "all are subscribed")
        for number in range(150):
            name = ("new-message", "request-updated", "a-long-name-" * 12)[number % 3]
            self.gateway.says(channels[number % 61], name, '{"text":"%s"}' % ("Bonjour " * (number % 90)))
        until(lambda: "and 11 others" in self.text("rest"), "so many channels are listed")
        self.assertEqual(len(self.texts("[data-rows=channels] tr")), 50)
        for width, height in ((1280, 800), (900, 700), (390, 844), (320, 568)):
            for dark in (False, True):
                self.browser.show(width, height, dark)
                self.fits(f"{width}-{'dark' if dark else 'light'}")
        self.driver.execute_script("document.querySelector('details').open = true")
        self.browser.show(390, 844)
        self.fits("390-open")
        for element in self.driver.find_elements("css selector", "button, summary, [tabindex], [role=img]"):
            if element.is_displayed():
                self.assertNotEqual(element.accessible_name, "", element.get_attribute("outerHTML"))
        print("pictures:", shared.pictures(), end=" ")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])
