// SPDX-License-Identifier: MIT
// The hooks of passerelle-react.js in React itself, in and out of StrictMode, and on a server.

import assert from "node:assert/strict"
import { createRequire } from "node:module"
import { afterEach, beforeEach, describe, test } from "node:test"
import { Clock } from "./support/clock.js"
import { installDocument } from "./support/dom.js"
import { FORMS, stage } from "./support/stage.js"

const PACKAGES = ["react", "react-dom", "scheduler"]

const document = installDocument()

async function load(form) {
  const staged = stage(form, PACKAGES)
  process.on("exit", staged.remove)
  const require = createRequire(`${staged.folder}/index.js`)
  const react = require("react")
  return {
    form,
    ...react,
    react: react.createElement,
    dom: require("react-dom/client"),
    act: require("react-dom/test-utils").act,
    server: require("react-dom/server"),
    hooks: await staged.load("passerelle-react.js"),
    fake: await staged.load("passerelle.js"),
  }
}

const forms = await Promise.all(FORMS.map(load))
for (const { form, StrictMode, useEffect, react, act, dom, server, hooks, fake } of forms) for (const strict of [false, true]) {
  describe(`hooks, ${form}${strict ? ", StrictMode" : ""}`, () => {
    const { GatewayProvider, useChannel, useConnection, useGateway, useMembers } = hooks
    let clock
    let gateway
    let root

    beforeEach(() => {
      globalThis.IS_REACT_ACT_ENVIRONMENT = true
      clock = new Clock().install()
      gateway = fake.connect({})
      root = dom.createRoot(document.createElement("div"))
    })
    afterEach(() => {
      act(() => root.unmount())
      clock.remove()
    })

    const wrapped = (element, by = gateway) => react(strict ? StrictMode : "div", null, react(GatewayProvider, { gateway: by }, element))

    function render(element, by) {
      act(() => root.render(wrapped(element, by)))
    }

    const chat = (name) => gateway.channels.get(name)
    const pass = (milliseconds) => act(() => clock.pass(milliseconds))
    /** Renders a component that only calls hooks. */
    const renderHook = (hook, by) => {
      let value
      function Probe() {
        value = hook()
        return null
      }
      render(react(Probe), by)
      return { get value() { return value }, again: () => render(react(Probe), by) }
    }

    test("useGateway without a provider is a TypeError that names it", () => {
      const { error } = console
      console.error = () => {}
      const Probe = () => useGateway()
      try {
        assert.throws(() => act(() => root.render(react(Probe))), { name: "TypeError", message: /GatewayProvider/ })
      } finally {
        console.error = error
      }
    })

    test("useGateway returns the provider's gateway", () => {
      assert.equal(renderHook(() => useGateway()).value, gateway)
    })

    test("StrictMode mounts twice, otherwise once", () => {
      let mounts = 0
      renderHook(() => useEffect(() => void mounts++, []))
      assert.equal(mounts, strict ? 2 : 1)
    })

    test("mounting makes one request, also if StrictMode mounts twice", () => {
      renderHook(() => useChannel("presence-a", {}))
      assert.equal(gateway.requests, 1)
      assert.equal(chat("presence-a").users, 1)
      pass(60000)
      assert.equal(gateway.requests, 1)
      assert.equal(chat("presence-a").listenerCount, 1)
    })

    test("components of one channel share its subscription", () => {
      const One = () => (useChannel("presence-a", {}), null)
      const Two = () => (useMembers("presence-a"), null)
      render([react(One, { key: 1 }), react(Two, { key: 2 }), react(One, { key: 3 })])
      assert.equal(chat("presence-a").users, 1)
      render([react(One, { key: 1 })])
      pass(60000)
      assert.equal(chat("presence-a").users, 1)
      assert.equal(gateway.requests, 1)
    })

    test("a channel without components stays subscribed for 1 s", () => {
      const One = () => (useChannel("presence-a", {}), null)
      render(react(One))
      render(null)
      pass(999)
      assert.equal(chat("presence-a").listenerCount, 0)
      pass(1)
      assert.equal(chat("presence-a"), undefined)
      assert.equal(gateway.requests, 2)
      render(react(One))
      assert.equal(chat("presence-a").users, 1)
    })

    test("a component that returns within 1 s makes no request", () => {
      const One = () => (useMembers("presence-a"), null)
      render(react(One))
      render(null)
      pass(999)
      render(react(One))
      pass(60000)
      assert.equal(gateway.requests, 1)
      assert.equal(chat("presence-a").users, 1)
    })

    test("each event reaches its listener once, with data and event; * hears all", () => {
      const calls = []
      renderHook(() => useChannel("presence-a", {
        "new-message": (data, event) => calls.push(["new-message", data, event.event]),
        "*": (data, event) => calls.push(["*", data, event.event]),
        nothing: null,
        never: undefined,
        off: false,
      }))
      act(() => {
        chat("presence-a").receive("new-message", 1)
        for (const name of ["other", "nothing", "toString", "constructor", "__proto__"]) chat("presence-a").receive(name, 2)
      })
      assert.deepEqual(calls, [
        ["new-message", 1, "new-message"], ["*", 1, "new-message"], ["*", 2, "other"], ["*", 2, "nothing"],
        ["*", 2, "toString"], ["*", 2, "constructor"], ["*", 2, "__proto__"],
      ])
    })

    test("the listeners of the last rendering are called, without a new subscription", () => {
      const calls = []
      let number = 0
      const hook = renderHook(() => {
        const mine = ++number
        useChannel("presence-a", { news: () => calls.push(mine) })
      })
      hook.again()
      hook.again()
      act(() => chat("presence-a").receive("news", {}))
      assert.deepEqual(calls, [number])
      assert.equal(gateway.requests, 1)
    })

    test("another name changes the channel; no name is none", () => {
      let name = "presence-a"
      const calls = []
      const hook = renderHook(() => useChannel(name, { news: (data, event) => calls.push(event.channel) }))
      const a = chat("presence-a")
      name = "presence-b"
      hook.again()
      act(() => {
        a.receive("news", 1)
        chat("presence-b").receive("news", 1)
      })
      assert.deepEqual(calls, ["presence-b"])
      for (name of [null, undefined, ""]) hook.again()
      pass(1000)
      assert.equal(gateway.channels.size, 0)
    })

    test("another gateway takes over the channels", () => {
      const One = () => (useChannel("presence-a", {}), null)
      render(react(One))
      const other = fake.connect({})
      render(react(One), other)
      pass(1000)
      assert.equal(gateway.channels.size, 0)
      assert.equal(other.channels.size, 1)
    })

    test("options are those of the subscription", () => {
      renderHook(() => useChannel("presence-a", {}, { last: 20 }))
      assert.deepEqual(chat("presence-a").options, { last: 20 })
    })

    test("send is one function for the life of the component", async () => {
      const hook = renderHook(() => useChannel("presence-a", {}))
      const send = hook.value
      hook.again()
      assert.equal(hook.value, send)
      await send("client-typing", { on: true })
      assert.deepEqual(chat("presence-a").sent, [{ event: "client-typing", data: { on: true } }])
    })

    test("send without a subscription is rejected with a TypeError that names it", async () => {
      const hook = renderHook(() => useChannel(null, {}))
      await assert.rejects(hook.value("client-typing", {}), { name: "TypeError", message: /^name: / })
    })

    test("a listener that is no function is a TypeError that names it", () => {
      const { error } = console
      console.error = () => {}
      try {
        assert.throws(() => renderHook(() => useChannel("presence-a", { news: "no" })), { name: "TypeError", message: /news/ })
      } finally {
        console.error = error
      }
    })

    test("useMembers follows the list, arrivals and departures, with a new Map for each change", () => {
      const hook = renderHook(() => useMembers("presence-a"))
      assert.deepEqual(hook.value, { count: 0, me: null, members: new Map() })
      act(() => chat("presence-a").snapshot({ anne: { name: "Anne" } }, "anne"))
      const first = hook.value
      assert.deepEqual(first, { count: 1, me: "anne", members: new Map([["anne", { name: "Anne" }]]) })
      act(() => chat("presence-a").receive("pusher:member_added", { user_id: "ben", user_info: null }))
      assert.deepEqual([...hook.value.members.keys()], ["anne", "ben"])
      assert.equal(hook.value.count, 2)
      act(() => chat("presence-a").receive("pusher:member_removed", { user_id: "anne" }))
      assert.deepEqual([...hook.value.members.keys()], ["ben"])
      assert.equal(first.members.size, 1)
    })

    test("useMembers renders again for members only", () => {
      let renderings = 0
      renderHook(() => {
        renderings++
        return useMembers("presence-a")
      })
      const before = renderings
      act(() => chat("presence-a").receive("news", {}))
      assert.equal(renderings, before)
    })

    test("useMembers of a component that comes later shows the members at once", () => {
      const values = []
      const Late = () => (values.push(useMembers("presence-a").count), null)
      const One = () => (useChannel("presence-a", {}), null)
      render([react(One, { key: 1 })])
      act(() => chat("presence-a").snapshot({ anne: {} }, "anne"))
      render([react(One, { key: 1 }), react(Late, { key: 2 })])
      assert.deepEqual([...new Set(values)], [1])
    })

    test("useConnection follows the state, and is one object while nothing changes", () => {
      const hook = renderHook(() => useConnection())
      const first = hook.value
      assert.deepEqual(first, { state: "connecting", transport: "stream", upstream: "connected" })
      hook.again()
      assert.equal(hook.value, first)
      act(() => gateway.change({ state: "waiting", transport: "poll", reason: "network" }))
      assert.deepEqual(hook.value, { state: "waiting", transport: "poll", reason: "network", upstream: "connected" })
      act(() => gateway.change({ state: "live", reason: undefined, upstream: "away" }))
      assert.deepEqual(hook.value, { state: "live", transport: "poll", upstream: "away" })
    })

    test("useConnection leaves no listener behind", () => {
      const One = () => (useConnection(), null)
      render(react(One))
      assert.equal(gateway.listenerCount, 1)
      render(null)
      assert.equal(gateway.listenerCount, 0)
    })

    test("a page is hydrated with what the server rendered, whatever has arrived since", () => {
      renderHook(() => useChannel("presence-a", {}))
      act(() => chat("presence-a").snapshot({ anne: {} }, "anne"))
      const Page = () => {
        const { count, me, members } = useMembers("presence-a")
        return `${count} ${me} ${members.size}`
      }
      assert.match(server.renderToString(wrapped(react(Page))), /\b0 null 0\b/)
    })

    test("a server renders without a request: no members, connecting", () => {
      gateway.change({ state: "live", transport: "poll" })
      function Page() {
        useChannel("presence-a", {})
        const { count, me } = useMembers("presence-a")
        return `${count} ${me} ${useConnection().state} ${useConnection().transport}`
      }
      const html = server.renderToString(wrapped(react(Page)))
      assert.match(html, /0 null connecting stream/)
      assert.equal(gateway.requests, 0)
      assert.equal(gateway.listenerCount, 0)
      assert.equal(clock.waiting, 0)
    })
  })
}
