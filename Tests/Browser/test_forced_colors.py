# SPDX-License-Identifier: MIT
"""Every page with the user's own colors ("forced colors"), in each of its states: nothing that is seen
otherwise disappears."""

import unittest

import shared
from demo import CHANNEL, until
from operated import Operated

# Elements without text that are seen by a background or a shadow only: marks them while the page has
# its own colors. Shapes of pictures are marked, too.
MARK = """
    const isSeen = (style) => style.visibility === "visible"
      && (!/^rgba\\(.*, 0\\)$/.test(style.backgroundColor) || style.boxShadow !== "none");
    let count = 0;
    for (const each of document.body.querySelectorAll("*")) {
      const { width, height } = each.getBoundingClientRect(), style = getComputedStyle(each);
      const isShape = each instanceof SVGGeometryElement && (style.fill !== "none" || style.stroke !== "none");
      const isPlain = !each.childNodes.length && each instanceof HTMLElement
        && !/^(INPUT|TEXTAREA|PROGRESS)$/.test(each.tagName) && isSeen(style);
      if (width + height === 0 || !isShape && !isPlain) continue;
      each.dataset.forced = "";
      count++;
    }
    return count;
"""
# Returns those of the marked elements that cannot be seen.
UNSEEN = """
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style = "forced-color-adjust: none; color: Canvas";
    const canvas = getComputedStyle(probe).color;
    probe.remove();
    const isNothing = (color) => color === "none" || color === canvas || /^rgba\\(.*, 0\\)$/.test(color);
    return [...document.querySelectorAll("[data-forced]")].filter((each) => {
      const style = getComputedStyle(each);
      if (each instanceof SVGElement) return isNothing(style.fill) && isNothing(style.stroke);
      return isNothing(style.backgroundColor) && style.borderStyle === "none" && style.outlineStyle === "none";
    }).map((each) => each.outerHTML.slice(0, 200));
"""


class ForcedColorsTests(unittest.TestCase):
    def setUp(self):
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.addCleanup(self.browser.complaints)
        self.addCleanup(self.driver.get, "about:blank")
        self.addCleanup(self.browser.show, 1280, 800)
        self.browser.show(1280, 800)

    def has(self, selector):
        found = "return document.querySelector(arguments[0]) !== null"
        until(lambda: self.driver.execute_script(found, selector), f"{selector} is there")

    def check(self, name, least=1):
        """Compares the page as it is now in its own colors with the same in forced colors."""
        self.browser.show(1280, 800)
        self.assertGreaterEqual(self.driver.execute_script(MARK), least, name)
        self.browser.emulate(**{"forced-colors": "active"})
        self.assertEqual(self.driver.execute_script(UNSEEN), [], name)
        self.driver.save_screenshot(str(shared.pictures() / f"forced-colors-{name}.png"))
        self.browser.show(1280, 800)

    def test_an_element_that_disappears_is_found(self):
        self.driver.get("data:text/html,<body><i style='display:block;height:9px;background:red'></i>")
        self.assertEqual(self.driver.execute_script(MARK), 1)
        self.browser.emulate(**{"forced-colors": "active"})
        self.assertEqual(len(self.driver.execute_script(UNSEEN)), 1)

    def test_the_demo(self):
        demo = shared.demo()
        self.driver.get(demo.url + "/")
        self.has("[data-pane=client] .state[data-state=live]")
        demo.publish("new-message", {"message": {"id": "forced", "senderId": "usr_notary_01",
                                                 "content": "Bonjour"}})
        self.has("[data-pane=client] [data-id=forced]")
        self.check("demo")
        self.addCleanup(demo.connect_channels, True)
        demo.connect_channels(False)
        self.has("[data-pane=client] .away:not([hidden])")
        self.check("demo-outage")
        demo.connect_channels(True)
        self.has("[data-pane=client] .gap")
        self.check("demo-gap")

    def test_the_test_of_the_network(self):
        self.driver.get(shared.demo().url + "/diagnose?quick=1")
        self.has("#result:not([hidden])")
        # Its results are text, also the marks before them.
        self.check("diagnose", 0)

    def test_the_console(self):
        gateway = Operated()
        self.addCleanup(gateway.close)
        self.driver.get(gateway.url)
        self.has("body[data-link=live]")
        gateway.reads(CHANNEL, "usr_7", '{"name":"Anne"}')
        until(lambda: gateway.is_live(CHANNEL), "the channel is subscribed")
        gateway.says(CHANNEL, "new-message", '{"text":"Bonjour"}')
        self.has("[data-rows=events] tr")
        self.check("console")
        gateway.tells("refuse?code=4200&message=x")
        gateway.tells("drop")
        self.has("body[data-link=away]")
        self.check("console-away")
        gateway.close()
        self.has("body[data-link=lost]")
        self.check("console-lost")
