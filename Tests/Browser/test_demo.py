# SPDX-License-Identifier: MIT
"""The demo's page, as its two parties use it."""

import os
import threading
import time
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import shared
from demo import Demo, until

NAMES = {"notary": "Étude 01", "client": "Locataire 07"}
TRANSPORTS = ("sse", "poll")


class Pane:
    """One party's side of the page."""

    def __init__(self, driver, key):
        self.driver, self.key, self.name = driver, key, NAMES[key]

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, f"[data-pane={self.key}] {selector}")

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, f"[data-pane={self.key}] {selector}")

    def texts(self, selector):
        """Gives the texts of all that match, hidden ones too, in one look at the page."""
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

    def read_by(self, transport):
        self.driver.execute_script("arguments[0].click()", self.one(f"[value={transport}]"))
        name = {"sse": "Live by SSE", "poll": "Live by polling"}[transport]
        until(lambda: self.texts(".state .words") == [name], f"{self.name}: {name}")

    def online(self):
        return [each.removesuffix(" (you)") for each in self.texts(".online li")]


def both_are_online(pane):
    until(lambda: sorted(pane.online()) == sorted(NAMES.values()), f"{pane.name} sees both")


def open_page(driver, demo):
    """Opens the demo's page and gives its panes, once each reads and sees both parties."""
    driver.get(demo.url + "/")
    panes = [Pane(driver, key) for key in ("notary", "client")]
    for pane in panes:
        until(lambda: pane.texts(".state .words") == ["Live by SSE"], f"{pane.name} reads")
        both_are_online(pane)
    return panes


class Departure:
    """A page of a demo of its own that is closed: a thread writes down when each party is gone.

    A demo of its own, since in another a poll of some other test keeps its user; a thread, since the
    last poll counts for a minute, in which other tests can run.
    """

    def __init__(self):
        self.demo = Demo(os.environ["PASSERELLE_TEST_BINARY"])
        driver = shared.browser().driver
        self.notary, self.client = open_page(driver, self.demo)
        self.client.read_by("poll")
        self.before = self.sight()
        driver.get("about:blank")
        self.closed = time.monotonic()
        self.left = {}
        self.trouble = None
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def sight(self):
        """Gives who is there for the gateway, and by how many subscriptions for Channels."""
        return self.demo.members(), self.demo.sandbox_users()

    def watch(self):
        try:
            while len(self.left) < 2 and time.monotonic() - self.closed < 120:
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
    """What the departure saw; runs behind the other tests of this file."""

    def test_a_pane_that_closes_leaves_after_its_grace(self):
        departure.thread.join(130)
        self.assertIsNone(departure.trouble)
        both = ["usr_notary_01", "usr_tenant_07"]
        self.assertEqual(departure.before, (both, dict.fromkeys(both, 1)))
        # Ten seconds behind a stream; sixty behind the last poll, which was asked a moment before.
        self.assertGreater(departure.left["usr_notary_01"], 9)
        self.assertLess(departure.left["usr_notary_01"], 40)
        self.assertGreater(departure.left["usr_tenant_07"], 55)
        self.assertLess(departure.left["usr_tenant_07"], 90)


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

    def test_what_either_writes_is_read_by_both(self):
        self.notary.write("Bonjour, l’acte est prêt.")
        self.both_have("Bonjour, l’acte est prêt.")
        self.client.write("Merci Maître, à demain.")
        self.both_have("Merci Maître, à demain.")
        for pane in (self.notary, self.client):
            said = pane.texts(".bubble")[-2:]
            self.assertEqual(said, ["Bonjour, l’acte est prêt.", "Merci Maître, à demain."])
        self.assertEqual(self.notary.field().get_attribute("value"), "")

    def test_a_stream_is_left_for_polling_and_taken_up_again(self):
        self.notary.write("Avant")
        self.both_have("Avant")
        self.client.read_by("poll")
        for text in ("Pendant 1", "Pendant 2"):
            self.notary.write(text)
            self.both_have(text)
        self.client.write("De l’autre côté")
        self.both_have("De l’autre côté")
        self.client.read_by("sse")
        self.notary.write("Après")
        self.both_have("Après")
        expected = ["Avant", "Pendant 1", "Pendant 2", "De l’autre côté", "Après"]
        for pane in (self.notary, self.client):
            self.assertEqual(pane.texts(".bubble")[-5:], expected)
            self.assertEqual(pane.texts(".gap"), [])

    def test_polling_from_the_start_has_all_that_a_stream_has(self):
        self.notary.write("Relevé au complet")
        self.both_have("Relevé au complet")
        # A network that lets no stream through: it never opens, and never fails.
        script = "window.EventSource = class { addEventListener() {} close() {} }"
        added = self.driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": script}
        )
        try:
            self.driver.get(self.demo.url + "/")
            pane = Pane(self.driver, "notary")
            until(lambda: pane.all(".state"), "the page is there")
            pane.read_by("poll")
            until(lambda: pane.bubbles("Relevé au complet"), "what was said before")
            until(lambda: NAMES["notary"] in pane.online(), "who is online")
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def test_typing_is_seen_on_the_other_side_and_forgotten(self):
        self.notary.field().send_keys("Je relis")
        until(lambda: self.client.texts(".typing span") == ["Étude 01 is typing"], "typing is seen")
        self.assertEqual(self.notary.texts(".typing span"), [""])
        until(lambda: self.client.texts(".typing span") == [""], "and forgotten", 8)
        self.notary.field().clear()

    def test_typing_goes_both_ways_on_every_transport(self):
        for notary in TRANSPORTS:
            self.notary.read_by(notary)
            for client in TRANSPORTS:
                self.client.read_by(client)
                for writer, reader in ((self.notary, self.client), (self.client, self.notary)):
                    way = f"{writer.name} types: {notary} and {client}"
                    writer.field().send_keys("Je relis")
                    words = [f"{writer.name} is typing"]
                    until(lambda: reader.texts(".typing span") == words, way)
                    self.assertEqual(writer.texts(".typing span"), [""], way)
                    writer.field().send_keys(Keys.BACKSPACE * len("Je relis"))
                    until(lambda: reader.texts(".typing span") == [""], way + ", and no more")

    def test_who_reads_is_present_on_every_transport_and_needs_no_websocket(self):
        def rows():
            return self.driver.execute_script(
                "return [...document.querySelectorAll('[data-rows=members] li')]"
                ".map((row) => row.textContent)"
            )

        for notary in TRANSPORTS:
            self.notary.read_by(notary)
            for client in TRANSPORTS:
                self.client.read_by(client)
                for pane in (self.notary, self.client):
                    both_are_online(pane)
                until(
                    lambda: sorted(rows()) == ["Locataire 07via gateway", "Étude 01via gateway"],
                    f"both are there by way of the gateway, by {notary} and {client}: {rows()}",
                )
                until(
                    lambda: self.demo.sandbox_users() == {"usr_notary_01": 1, "usr_tenant_07": 1},
                    "each by one subscription",
                )
        self.client.one(".presence").click()
        self.assertEqual(self.client.one(".presence").get_attribute("aria-checked"), "true")
        until(
            lambda: self.demo.sandbox_users() == {"usr_notary_01": 1, "usr_tenant_07": 2},
            "one member by two ways",
        )

    def test_a_deleted_message_goes_and_never_comes_back(self):
        self.client.write("Envoyé trop vite")
        self.client.write("Et ceci reste")
        self.both_have("Envoyé trop vite")
        self.both_have("Et ceci reste")
        self.assertEqual(self.notary.all(".message:not(.own) .erase"), [])
        button = self.client.all(".own .erase")[-2]
        self.assertIn("Envoyé trop vite", button.accessible_name)
        self.driver.execute_script("arguments[0].click()", button)
        for pane in (self.notary, self.client):
            until(lambda: pane.bubbles("Message deleted"), f"{pane.name} sees it gone")
            self.assertEqual(pane.bubbles("Envoyé trop vite"), [])
        self.open()
        self.both_have("Et ceci reste")
        for pane in (self.notary, self.client):
            self.assertEqual(pane.bubbles("Envoyé trop vite"), [])
            self.assertEqual(pane.all(".gone"), [], "who never read it is not told of it")

    def test_a_request_is_made_and_met(self):
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

    def test_markup_is_shown_as_the_text_that_it_is(self):
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

    def test_a_refusal_is_told_and_nothing_is_lost(self):
        field = self.notary.field()
        long = "é" * 5900
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            field,
            long,
        )
        field.send_keys(Keys.ENTER)
        until(lambda: "too long" in self.notary.texts(".trouble")[0], "it says so")
        self.assertEqual(field.get_attribute("value"), long)
        field.clear()
        self.notary.write("Plus court")
        self.both_have("Plus court")
        self.assertFalse(self.notary.one(".trouble").is_displayed())
        self.browser.complaints()  # Chromium logs every 413.

    def test_a_restarted_gateway_is_found_again_and_the_hole_is_told(self):
        self.notary.write("Avant la panne")
        self.both_have("Avant la panne")
        self.client.read_by("poll")
        self.demo.stop()
        until(lambda: self.client.texts(".state .words") == ["No answer, trying again"], "it is seen")
        self.demo.start()
        for pane in (self.notary, self.client):
            until(lambda: pane.texts(".gap b"), f"{pane.name} is told of a gap", 60)
            self.assertRegex(pane.texts(".gap b")[0], "Some events may be missing: [a-z-]+\\.")
        for pane in (self.notary, self.client):
            both_are_online(pane)
        self.notary.write("Après la panne")
        self.both_have("Après la panne")
        self.assertEqual(len(self.client.bubbles("Avant la panne")), 1)
        self.browser.complaints()  # Chromium logs every refused connection.

    def test_the_gateway_says_what_it_sees(self):
        self.notary.write("Vu par la passerelle")
        self.both_have("Vu par la passerelle")

        def sum_of(name):
            return self.driver.find_element(By.CSS_SELECTOR, f"[data-sum={name}]").text

        until(lambda: sum_of("last") in ("new-message", "client-typing"), "the last event")
        self.assertRegex(sum_of("position"), r"^\S+-\d+$")
        self.assertGreater(int(sum_of("events")), 0)
        names = self.driver.find_element(By.CSS_SELECTOR, ".log ol").text
        self.assertIn("new-message", names)

    def test_everything_that_acts_has_a_name(self):
        for element in self.driver.find_elements(By.CSS_SELECTOR, "button, input, textarea, [tabindex]"):
            if element.is_displayed():
                self.assertNotEqual(element.accessible_name, "", element.get_attribute("outerHTML"))

    def test_it_fits_a_screen_and_a_telephone_by_day_and_by_night(self):
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
                        "return [root.scrollWidth <= innerWidth, root.scrollHeight <= innerHeight]"
                    )
                    self.assertEqual(inside, [True, True], name)
        print("pictures:", shared.pictures(), end=" ")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])
