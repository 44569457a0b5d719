# SPDX-License-Identifier: MIT
"""The demo's page, used by its two parties."""

import os
import threading
import time
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import shared
from demo import Demo, until
from waiting import HANG_LIMIT

NAMES = {"notary": "Étude 01", "client": "Locataire 07"}
WAYS = {"stream": "Live · stream", "longpoll": "Live · long poll"}


class Pane:
    """One party's side of the page."""

    def __init__(self, driver, key):
        self.driver, self.key, self.name = driver, key, NAMES[key]

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, f"[data-pane={self.key}] {selector}")

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, f"[data-pane={self.key}] {selector}")

    def texts(self, selector):
        """Returns the texts of all matching elements, hidden ones too, in one query of the page."""
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)",
            f"[data-pane={self.key}] {selector}",
        )

    def field(self):
        return self.one(".composer textarea")

    def write(self, text):
        self.field().send_keys(text, Keys.ENTER)

    def bubbles(self, text):
        return [each for each in self.texts(".bubble") if each == text]

    def reads_by(self, way):
        until(lambda: self.texts(".state .words") == [WAYS[way]], f"{self.name} reads by {way}")

    def press(self, name):
        self.driver.execute_script("arguments[0].click()", self.one(f".{name}"))

    def poll(self):
        """Blocks the pane's streams, and waits until the module polls."""
        self.press("block")
        self.reads_by("longpoll")

    def types_until_seen(self, other):
        """Types until the other party has seen it.

        The page shows it for three seconds, in which a busy machine may not look at the page even
        once. So the page itself records it, and keys are pressed again.
        """
        shown = f"{self.name} is typing"
        self.driver.execute_script(
            "const text = document.querySelector(arguments[0]); text.record = [];"
            "new MutationObserver(() => text.record.push(text.textContent))"
            ".observe(text, { childList: true })",
            f"[data-pane={other.key}] .typing span",
        )
        pressed = 0

        def seen():
            nonlocal pressed
            if time.monotonic() - pressed > 1:
                self.field().send_keys("x")
                pressed = time.monotonic()
            return shown in self.driver.execute_script(
                "return document.querySelector(arguments[0]).record",
                f"[data-pane={other.key}] .typing span",
            )

        until(seen, f"{other.name} has seen that {self.name} types")

    def online(self):
        return [each.removesuffix(" (you)") for each in self.texts(".online li")]


def both_are_online(pane):
    until(lambda: sorted(pane.online()) == sorted(NAMES.values()), f"{pane.name} sees both")


def open_page(driver, demo):
    """Opens the demo's page and returns its panes, once each reads and shows both parties."""
    # The module remembers for ten minutes how the tab read before.
    driver.get(demo.url + "/")
    driver.execute_script("sessionStorage.clear(); localStorage.clear()")
    driver.refresh()
    panes = [Pane(driver, key) for key in ("notary", "client")]
    for pane in panes:
        pane.reads_by("stream")
        both_are_online(pane)
    return panes


class Departure:
    """Closes a page of its own demo; a thread records the time at which each party is gone.

    The demo is its own, since a poll of another test would keep the user present. The last poll
    counts for a minute, in which the thread lets other tests run.
    """

    def __init__(self):
        self.demo = Demo(os.environ["PASSERELLE_TEST_BINARY"])
        driver = shared.browser().driver
        self.notary, self.client = open_page(driver, self.demo)
        self.client.poll()
        self.before = self.sight()
        driver.get("about:blank")
        self.closed = time.monotonic()
        self.left = {}
        self.trouble = None
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def sight(self):
        """Returns the members at the gateway, and their numbers of subscriptions at Channels."""
        return self.demo.members(), self.demo.sandbox_users()

    def watch(self):
        try:
            while len(self.left) < 2 and time.monotonic() - self.closed < HANG_LIMIT:
                members, users = self.sight()
                for user in ("usr_notary_01", "usr_tenant_07"):
                    if user not in members and user not in users:
                        self.left.setdefault(user, time.monotonic() - self.closed)
                time.sleep(0.1)
        except Exception as error:
            self.trouble = error


def setUpModule():
    global departure
    departure = Departure()
    unittest.addModuleCleanup(departure.demo.close)


class LeavingTests(unittest.TestCase):
    """The result of the departure; runs after the other tests of this file."""

    def test_a_pane_that_closes_leaves_after_its_grace(self):
        departure.thread.join(2 * HANG_LIMIT)
        self.assertIsNone(departure.trouble)
        both = ["usr_notary_01", "usr_tenant_07"]
        self.assertEqual(departure.before, (both, dict.fromkeys(both, 1)))
        # Ten seconds after a stream; sixty after the last poll, which was sent a moment before. The
        # detection may be later by the delays of this machine.
        self.assertGreater(departure.left["usr_notary_01"], 9)
        self.assertGreater(departure.left["usr_tenant_07"], 55)


class DemoTests(unittest.TestCase):
    def setUp(self):
        self.demo = shared.demo()
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.browser.show(1280, 800)
        self.open()
        self.addCleanup(self.driver.get, "about:blank")

    def open(self):
        self.notary, self.client = open_page(self.driver, self.demo)

    def both_have(self, text):
        for pane in (self.notary, self.client):
            until(lambda: pane.bubbles(text), f"{pane.name} has: {text}")

    def test_both_parties_receive_each_message(self):
        self.notary.write("Bonjour, l’acte est prêt.")
        self.both_have("Bonjour, l’acte est prêt.")
        self.client.write("Merci Maître, à demain.")
        self.both_have("Merci Maître, à demain.")
        for pane in (self.notary, self.client):
            said = pane.texts(".bubble")[-2:]
            self.assertEqual(said, ["Bonjour, l’acte est prêt.", "Merci Maître, à demain."])
        self.assertEqual(self.notary.field().get_attribute("value"), "")

    def test_a_stream_is_replaced_by_polling_and_restored(self):
        self.notary.write("Avant")
        self.both_have("Avant")
        gaps = len(self.notary.texts(".gap"))  # Those of earlier tests.
        self.client.poll()
        for text in ("Pendant 1", "Pendant 2"):
            self.notary.write(text)
            self.both_have(text)
        self.client.write("De l’autre côté")
        self.both_have("De l’autre côté")
        self.client.press("block")
        self.client.reads_by("stream")
        self.notary.write("Après")
        self.both_have("Après")
        expected = ["Avant", "Pendant 1", "Pendant 2", "De l’autre côté", "Après"]
        for pane in (self.notary, self.client):
            self.assertEqual(pane.texts(".bubble")[-5:], expected)
            self.assertEqual(len(pane.texts(".gap")), gaps)

    def test_a_cut_stream_resumes_at_its_position(self):
        expected = []
        gaps = len(self.notary.texts(".gap"))
        # After three short streams within a minute, the module would poll.
        for number in range(2):
            self.client.press("cut")
            expected.append(f"Coupure {number}")
            self.notary.write(expected[-1])
            self.both_have(expected[-1])
            self.client.reads_by("stream")
        for pane in (self.notary, self.client):
            self.assertEqual(pane.texts(".bubble")[-2:], expected)
            self.assertEqual(len(pane.texts(".gap")), gaps)

    def test_an_outage_of_channels_is_shown_and_missed_messages_are_loaded(self):
        self.notary.write("Avant l’absence")
        self.both_have("Avant l’absence")
        self.client.poll()
        button = self.driver.find_element(By.CSS_SELECTOR, ".disconnect")
        self.addCleanup(self.demo.connect_channels, True)
        button.click()
        for pane, way in ((self.notary, "stream"), (self.client, "long poll")):
            away = f"Channels is away · {way}"
            until(lambda: pane.texts(".state .words") == [away], f"{pane.name} knows")
            words = pane.texts(".away")[0]
            self.assertRegex(words, r"^Channels is away; this page learned it at \d\d:\d\d:\d\d\.")
        # The application stores what it cannot deliver.
        self.notary.write("Pendant l’absence")
        until(lambda: self.notary.texts(".pending"), "the message waits")
        self.assertEqual(self.notary.texts(".pending"), ["Saved, not yet delivered"])
        self.assertEqual(self.client.bubbles("Pendant l’absence"), [])
        self.client.field().send_keys("Encore un brouillon")
        self.assertEqual(button.text, "Connect Channels again")
        button.click()
        self.both_have("Pendant l’absence")
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".gap"), f"{pane.name} has the gap")
            loaded = "The page has loaded the application’s records"
            until(lambda: loaded in pane.texts(".gap")[-1], f"{pane.name} has loaded them")
            self.assertIn("upstream", pane.texts(".gap b")[-1])
            until(lambda: not pane.one(".away").is_displayed(), f"{pane.name} knows that it is over")
        self.assertIn("and found 1 that it had missed", self.client.texts(".gap")[-1])
        until(lambda: not self.notary.texts(".pending"), "nothing waits")
        self.assertEqual(self.client.field().get_attribute("value"), "Encore un brouillon")
        self.client.field().clear()
        self.notary.write("Après l’absence")
        self.both_have("Après l’absence")
        expected = ["Avant l’absence", "Pendant l’absence", "Après l’absence"]
        for pane in (self.notary, self.client):
            self.assertEqual(pane.texts(".bubble")[-3:], expected)
        self.browser.complaints()  # Chromium logs each typing state that the gateway refused.

    def test_unsent_text_survives_a_reload(self):
        self.notary.field().send_keys("Pas encore envoyé")
        self.notary.one(".icon").click()
        self.notary.one(".ask [name=title]").send_keys("Un titre")
        self.driver.refresh()
        until(lambda: self.notary.all(".composer textarea"), "the page is back")
        self.assertEqual(self.notary.field().get_attribute("value"), "Pas encore envoyé")
        self.assertEqual(self.notary.one(".ask [name=title]").get_attribute("value"), "Un titre")
        self.assertEqual(self.client.field().get_attribute("value"), "")
        self.notary.reads_by("stream")
        self.notary.field().send_keys(Keys.ENTER)
        self.both_have("Pas encore envoyé")
        self.driver.refresh()
        until(lambda: self.notary.all(".composer textarea"), "the page is back")
        self.assertEqual(self.notary.field().get_attribute("value"), "")

    def test_events_are_listed_in_the_order_of_the_log(self):
        # The client's pane lags behind, and then receives events that the notary's has listed.
        self.client.press("block")
        for number in range(4):
            self.notary.write(f"Dans l’ordre {number}")
            until(lambda: self.notary.bubbles(f"Dans l’ordre {number}"), "the notary has it")
        self.both_have("Dans l’ordre 3")
        listed = self.driver.execute_script(
            "return [...document.querySelectorAll('.log li')].map((item) => item.position)"
        )
        numbers = [int(position.rsplit("-")[-1]) for position in listed]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertEqual(len(set(numbers)), len(numbers))
        self.client.reads_by("longpoll")

    def test_typing_is_shown_to_the_other_party_and_expires(self):
        self.notary.types_until_seen(self.client)
        self.assertEqual(self.notary.texts(".typing span"), [""])
        until(lambda: self.client.texts(".typing span") == [""], "and forgotten")
        self.notary.field().clear()

    def each_pair_of_ways(self):
        """Yields with both panes on streams, with one of them polling, and with both."""
        yield "both by stream"
        self.client.poll()
        yield "the client by long poll"
        self.notary.poll()
        yield "both by long poll"

    def test_typing_goes_both_ways_on_every_transport(self):
        for ways in self.each_pair_of_ways():
            for writer, reader in ((self.notary, self.client), (self.client, self.notary)):
                way = f"{writer.name} types: {ways}"
                writer.types_until_seen(reader)
                self.assertEqual(writer.texts(".typing span"), [""], way)
                writer.field().send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
                until(lambda: reader.texts(".typing span") == [""], way + ", and no more")

    def test_readers_are_present_on_every_transport_without_a_websocket(self):
        def rows():
            return self.driver.execute_script(
                "return [...document.querySelectorAll('[data-rows=members] li')]"
                ".map((row) => row.textContent)"
            )

        for ways in self.each_pair_of_ways():
            for pane in (self.notary, self.client):
                both_are_online(pane)
            until(
                lambda: sorted(rows()) == ["Locataire 07via gateway", "Étude 01via gateway"],
                f"both read through the gateway, {ways}: {rows()}",
            )
            until(
                lambda: self.demo.sandbox_users() == {"usr_notary_01": 1, "usr_tenant_07": 1},
                "each by one subscription",
            )
        self.client.press("presence")
        self.assertEqual(self.client.one(".presence").get_attribute("aria-checked"), "true")
        until(
            lambda: self.demo.sandbox_users() == {"usr_notary_01": 1, "usr_tenant_07": 2},
            "one member with two connections",
        )

    def test_a_deleted_message_disappears_and_does_not_return(self):
        self.client.write("Envoyé trop vite")
        self.client.write("Et ceci reste")
        self.both_have("Envoyé trop vite")
        self.both_have("Et ceci reste")
        self.assertEqual(self.notary.all(".message:not(.own) .erase"), [])
        button = self.client.all(".own .erase")[-2]
        self.assertIn("Envoyé trop vite", button.accessible_name)
        button.send_keys(Keys.ENTER)
        for pane in (self.notary, self.client):
            until(lambda: pane.bubbles("Message deleted"), f"{pane.name} sees it gone")
            self.assertEqual(pane.bubbles("Envoyé trop vite"), [])
        # The focus stays at the message whose button is gone; the next one is a Tab away.
        focused = self.driver.switch_to.active_element
        self.assertEqual(focused.text, "Message deleted")
        focused.send_keys(Keys.TAB)
        self.assertIn("Et ceci reste", self.driver.switch_to.active_element.accessible_name)
        self.open()
        self.both_have("Et ceci reste")
        for pane in (self.notary, self.client):
            self.assertEqual(pane.bubbles("Envoyé trop vite"), [])
            self.assertEqual(pane.all(".gone"), [], "a reader without the message ignores its deletion")

    def test_a_request_is_made_and_fulfilled(self):
        self.notary.one(".icon").click()
        ask = self.notary.one(".ask")
        ask.find_element(By.NAME, "title").send_keys("Attestation d’assurance")
        ask.find_element(By.NAME, "content").send_keys("Avant le 10 mars.")
        ask.find_element(By.CSS_SELECTOR, ".primary").click()
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".request h3")[-1:] == ["Attestation d’assurance"], "the card")
            self.assertEqual(pane.texts(".request .status")[-1], "Awaited")
        self.assertEqual(self.notary.all(".request .act"), [])
        self.client.all(".request .act")[-1].click()
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".request .status")[-1] == "Provided", "the card is done")
        self.assertEqual(self.client.all(".request:last-of-type .act"), [])
        self.assertFalse(self.notary.one(".ask").is_displayed())
        self.demo.publish("request-updated", {})
        for pane in (self.notary, self.client):
            until(lambda: "A request has changed." in "".join(pane.texts(".note")), "the note")

    def test_markup_is_shown_as_text(self):
        bad = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>&amp;"
        self.client.write(bad)
        self.both_have(bad)
        person = {"id": "usr_x", "name": bad}
        self.demo.publish(
            "new-message",
            {
                "message": {
                    "id": "msg_" + bad,
                    "senderId": bad,
                    "sender": person,
                    "content": bad,
                    "document": {"label": bad},
                    "createdAt": bad,
                }
            },
        )
        request = {"id": bad, "title": bad, "content": bad, "status": bad, "createdBy": person}
        self.demo.publish("new-request", {"request": request})
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".request h3")[-1:] == [bad], "the request's title as text")
            self.assertEqual(pane.texts(".attached")[-1], bad)
            self.assertEqual(pane.texts(".byline b")[-1], bad)
            self.assertEqual(pane.all(":is(img, script, iframe)"), [])
        self.assertIsNone(self.driver.execute_script("return window.broken ?? null"))

    def test_events_of_any_shape_break_nothing(self):
        for event in ("new-message", "message-deleted", "new-request", "request-updated"):
            for data in ({}, {"message": 7, "request": [], "messageId": {}}, {"message": {"id": 9}}):
                self.demo.publish(event, data)
        self.demo.publish("new-message", {"message": {"id": "bare"}})
        self.notary.write("Toujours là")
        self.both_have("Toujours là")

    def test_a_refusal_is_shown_and_nothing_is_lost(self):
        field = self.notary.field()
        long = "é" * 5900
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            field,
            long,
        )
        field.send_keys(Keys.ENTER)
        until(lambda: "too long" in self.notary.texts(".trouble")[0], "the refusal is shown")
        self.assertEqual(field.get_attribute("value"), long)
        field.clear()
        self.notary.write("Plus court")
        self.both_have("Plus court")
        self.assertFalse(self.notary.one(".trouble").is_displayed())
        self.browser.complaints()  # Chromium logs every 413.

    def test_after_a_restart_the_client_reconnects_and_the_gap_is_reported(self):
        self.notary.write("Avant la panne")
        self.both_have("Avant la panne")
        self.client.poll()
        self.demo.stop()
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".state .words")[0].startswith("Trying again"), "it is seen")
        self.demo.start()
        for pane in (self.notary, self.client):
            missing = "Some events may be missing: unknown-position."
            until(lambda: missing in pane.texts(".gap b"), f"{pane.name} shows a gap")
            texts = [text for text in pane.texts(".gap p") if "unknown-position" in text]
            self.assertIn("restarted without a state directory", texts[0])
        for pane in (self.notary, self.client):
            both_are_online(pane)
        self.notary.write("Après la panne")
        self.both_have("Après la panne")
        self.assertEqual(len(self.client.bubbles("Avant la panne")), 1)
        self.browser.complaints()  # Chromium logs every refused connection.

    def test_the_page_shows_the_last_event_and_its_position(self):
        self.notary.write("Vu par la passerelle")
        self.both_have("Vu par la passerelle")

        def sum_of(name):
            return self.driver.find_element(By.CSS_SELECTOR, f"[data-sum={name}]").text

        until(lambda: sum_of("last") in ("new-message", "client-typing"), "the last event")
        self.assertRegex(sum_of("position"), r"^\S+-\d+$")
        self.assertGreater(int(sum_of("events")), 0)
        names = self.driver.find_element(By.CSS_SELECTOR, ".log ol").text
        self.assertIn("new-message", names)

    def test_every_control_has_a_name(self):
        for element in self.driver.find_elements(By.CSS_SELECTOR, "button, input, textarea, [tabindex]"):
            if element.is_displayed():
                self.assertNotEqual(element.accessible_name, "", element.get_attribute("outerHTML"))

    def test_the_words_are_explained(self):
        self.driver.find_element(By.ID, "explain").click()
        dialog = self.driver.find_element(By.TAG_NAME, "dialog")
        for words in ("Own WebSocket", "unknown-position", "Long poll".lower()):
            self.assertIn(words, dialog.text)
        dialog.find_element(By.TAG_NAME, "button").click()
        self.assertFalse(dialog.is_displayed())

    def test_an_enlarged_page_keeps_the_conversation_and_the_field(self):
        for number in range(12):
            self.demo.publish("new-message", {"message": {"id": f"zoom{number}", "content": "Bonjour"}})
        until(lambda: self.notary.all("[data-id=zoom11]"), "the messages")
        measure = """
            const pane = document.querySelector("[data-pane=notary]");
            const field = pane.querySelector(".composer").getBoundingClientRect();
            const said = pane.querySelector(".said").getBoundingClientRect();
            return [Math.min(said.bottom, field.top) - Math.max(said.top, 0), innerHeight,
                    field.top >= 0 && field.bottom <= innerHeight,
                    document.documentElement.scrollWidth];
        """
        # 1280 by 800 pixels at 200 % and at 400 %.
        for width, height in ((640, 400), (320, 200)):
            self.browser.show(width, height)
            self.driver.save_screenshot(str(shared.pictures() / f"zoom-{width}.png"))
            said, whole, is_seen, needed = self.driver.execute_script(measure)
            if height == 400:
                self.assertGreaterEqual(said, whole / 2)
            self.assertTrue(is_seen, f"the field at {width}")
            # A telephone's page that is too wide is shown smaller, so `innerWidth` would not show it.
            self.assertLessEqual(needed, width)

    def test_reduced_motion_stops_animations(self):
        moving = """
            const motions = [];
            for (const each of document.querySelectorAll("*"))
              for (const part of [null, "::before", "::after"]) {
                const style = getComputedStyle(each, part);
                if (style.animationName !== "none" || parseFloat(style.transitionDuration) > 0)
                  motions.push(each.className + (part ?? ""));
              }
            return motions;
        """
        self.assertNotEqual(self.driver.execute_script(moving), [])
        self.browser.emulate(**{"prefers-reduced-motion": "reduce"})
        self.assertEqual(self.driver.execute_script(moving), [])

    def test_nothing_disappears_in_forced_colors(self):
        self.browser.emulate(**{"forced-colors": "active"})
        self.driver.save_screenshot(str(shared.pictures() / "forced-colors.png"))
        # An element without text is seen by its background or its border only.
        unseen = """
            const canvas = getComputedStyle(document.body).backgroundColor;
            return [...document.querySelectorAll(".pane .dot, .facts i, .rows .dot, .mark")].filter((each) => {
              const style = getComputedStyle(each);
              return style.backgroundColor === canvas && style.borderStyle === "none" && style.outlineStyle === "none";
            }).map((each) => each.outerHTML);
        """
        self.assertEqual(self.driver.execute_script(unseen), [])
        thumbs = self.driver.execute_script("""
            return [...document.querySelectorAll(".facts i")].map((each) =>
              getComputedStyle(each, "::after").backgroundColor === getComputedStyle(each).backgroundColor);
        """)
        self.assertEqual(thumbs, [False] * 4)

    def test_without_javascript_the_page_says_that_it_needs_it(self):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.driver.get(self.demo.url + "/")
            words = self.driver.find_element(By.TAG_NAME, "body").text
        finally:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        self.assertIn("This page needs JavaScript", words)

    def test_it_fits_desktop_and_mobile_screens_in_light_and_dark_mode(self):
        self.notary.write("Le rendez-vous est fixé au 12 mars à 10 h, à l’étude.")
        self.client.write("https://example.test/" + "tres-long-" * 30)
        self.both_have("Le rendez-vous est fixé au 12 mars à 10 h, à l’étude.")
        self.client.write("Entendu, merci.")
        self.both_have("Entendu, merci.")
        self.notary.field().send_keys("Très bien")
        for width, height in ((1280, 800), (900, 700), (390, 844), (320, 568)):
            for dark in (False, True):
                self.browser.show(width, height, dark)
                tabs = ("notary", "client", "gateway") if width < 720 else ("",)
                for tab in tabs:
                    if tab:
                        self.driver.find_element(By.CSS_SELECTOR, f"button[data-tab={tab}]").click()
                    name = "-".join(filter(None, (str(width), "dark" if dark else "light", tab)))
                    self.driver.save_screenshot(str(shared.pictures() / f"{name}.png"))
                    inside = self.driver.execute_script(
                        "const root = document.documentElement;"
                        "return [root.scrollWidth <= arguments[0], root.scrollHeight <= innerHeight]",
                        width,
                    )
                    self.assertEqual(inside, [True, True], name)
        print("pictures:", shared.pictures(), end=" ")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])
