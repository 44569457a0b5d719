# SPDX-License-Identifier: MIT
"""The API of pusher-js and React's hooks, as served, in pages of another origin than the gateway."""

import os
import pathlib
import unittest
import urllib.parse

import shared
from module_page import SERVED, Handler, ModulePage
from waiting import until

DEBIAN = pathlib.Path("/usr/share/nodejs")

START = """<!doctype html><meta charset="utf-8"><title>page</title>
<script>
  const query = new URLSearchParams(location.search)
  const [url, channel] = [query.get("gateway"), query.get("channel")]
  const token = async () => (await fetch("/token?end=3600")).text()
  globalThis.got = []
</script>"""

PUSHER = START + """<script type="module">
  import Pusher from "/passerelle-pusher.js"
  globalThis.states = []
  globalThis.pusher = new Pusher("key", { cluster: "eu", gateway: url, token })
  pusher.connection.bind("state_change", ({ current }) => states.push(current))
  globalThis.chat = pusher.subscribe(channel)
  chat.bind("pusher:subscription_succeeded", (members) => { globalThis.count = members.count })
  chat.bind("new-message", ({ n }) => got.push(n))
</script>"""

# The module imports "react"; Debian's React for browsers is a script with a global.
REACT = START + """<div id="root"></div>
<script src="/react.js"></script><script src="/react-dom.js"></script>
<script type="importmap">{ "imports": { "react": "/react-module.js" } }</script>
<script type="module">
  import { connect } from "/passerelle.js"
  import { GatewayProvider, useChannel, useConnection, useMembers } from "/passerelle-react.js"
  const { createElement, StrictMode, useState } = React
  globalThis.gateway = connect({ url, token })
  function Chat() {
    const [numbers, setNumbers] = useState([])
    useChannel(channel, { "new-message": ({ n }) => { got.push(n); setNumbers((before) => [...before, n]) } })
    const { count } = useMembers(channel)
    return `${useConnection().state} ${count} ${numbers.join()}`
  }
  globalThis.root = ReactDOM.createRoot(document.getElementById("root"))
  globalThis.show = (on) => root.render(createElement(StrictMode, null, createElement(GatewayProvider, { gateway }, on && createElement(Chat))))
  show(true)
</script>"""

NAMES = "createContext createElement useCallback useContext useEffect useMemo useRef useSyncExternalStore"
REACT_MODULE = f"export const {{ {NAMES.replace(' ', ', ')} }} = globalThis.React"

SCRIPTS = {
    "/passerelle-pusher.js": (SERVED / "passerelle-pusher.js").read_bytes(),
    "/passerelle-react.js": (SERVED / "passerelle-react.js").read_bytes(),
    "/react.js": (DEBIAN / "react/umd/react.development.js").read_bytes(),
    "/react-dom.js": (DEBIAN / "react-dom/umd/react-dom.development.js").read_bytes(),
    "/react-module.js": REACT_MODULE.encode(),
}
PAGES = {"/pusher": PUSHER.encode(), "/react": REACT.encode()}


class PartsHandler(Handler):
    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path in SCRIPTS:
            return self.answer("text/javascript", SCRIPTS[path])
        if path in PAGES:
            return self.answer("text/html", PAGES[path])
        super().do_GET()


class ModulePartsTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = ModulePage(os.environ["PASSERELLE_TEST_BINARY"], PartsHandler)
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.browser = shared.browser()
        self.driver = self.browser.driver
        self.channel = f"presence-bail-{self._testMethodName}"
        self.browser.complaints()
        self.addCleanup(self.driver.get, "about:blank")

    def value(self, expression):
        return self.driver.execute_script(f"return {expression}")

    def becomes(self, expression, expected):
        until(lambda: self.value(expression) == expected, f"{expression} is {expected!r}")

    def test_the_api_of_pusher_js_survives_a_restart_of_the_gateway(self):
        self.driver.get(self.page.url(self.channel, path="pusher"))
        self.becomes("pusher.connection.state", "connected")
        self.becomes("chat.subscribed", True)
        until(lambda: self.value("chat.members.count") == 1, "the reader is a member")
        self.page.publish(self.channel, 1, 2)
        self.becomes("got", [1, 2])
        self.assertIs(self.value('chat.trigger("client-typing", { isTyping: true })'), True)
        self.page.kill()
        self.becomes("pusher.connection.state", "connecting")
        self.assertIs(self.value('chat.trigger("client-typing", { isTyping: true })'), False)
        self.page.serve()
        self.becomes("pusher.connection.state", "connected")
        self.page.publish(self.channel, 3)
        self.becomes("got", [1, 2, 3])
        self.assertEqual(self.value("states")[0], "connected")

    def test_a_component_in_strict_mode_has_one_stream_and_shows_each_message_once(self):
        # Resource timing lists only requests that have ended.
        counts = """
            globalThis.asked = []
            const own = fetch
            globalThis.fetch = (url, options) => {
              asked.push(new URL(url, location.href).pathname)
              return own(url, options)
            }
        """
        script = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": counts})
        self.addCleanup(self.driver.execute_cdp_cmd, "Page.removeScriptToEvaluateOnNewDocument", script)
        self.driver.get(self.page.url(self.channel, path="react"))
        self.becomes('document.getElementById("root").textContent', "live 1 ")
        until(lambda: self.page.streams() == 1, "one stream")
        self.assertEqual(self.value("asked"), ["/token", "/poll", "/events"])
        self.page.publish(self.channel, 1, 2, 3)
        self.becomes('document.getElementById("root").textContent', "live 1 1,2,3")
        self.assertEqual(self.value("got"), [1, 2, 3])
        self.driver.execute_script("show(false)")
        until(lambda: self.page.streams() == 0, "no stream")
        self.driver.execute_script("show(true)")
        self.becomes('document.getElementById("root").textContent', "live 1 ")
        self.assertEqual(self.browser.complaints(), [])
