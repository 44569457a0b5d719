// SPDX-License-Identifier: MIT
// The client of passerelle-pusher.js: options, statics, sign-in, and the options of its own.

import assert from "node:assert/strict"
import { afterEach, beforeEach, describe, test } from "node:test"
import { pusherFixtures } from "./support/pusher-fixture.js"
import { FORMS } from "./support/stage.js"

/** The options of pusher-js 8.6 of which a page notices nothing here, with values of their types. */
const OPTIONS = {
  auth: {}, authEndpoint: "/auth", authTransport: "ajax", channelAuthorization: { endpoint: "/auth", transport: "ajax" },
  cluster: "eu", disableStats: true, disabledTransports: ["sockjs"], enableStats: false, enabledTransports: ["ws"], forceTLS: true,
  httpHost: "h", httpPath: "/p", httpPort: 80, httpsPort: 443, ignoreNullOrigin: true, nacl: {}, statsHost: "h",
  timelineParams: {}, unavailableTimeout: 1000, userAuthentication: { endpoint: "/user", transport: "ajax" }, wsHost: "h", wsPath: "/p",
  wsPort: 80, wssPort: 443,
}

const forms = await Promise.all(FORMS.map(pusherFixtures))
for (const { form, Pusher, gateways, make } of forms) describe(`client, ${form}`, () => {
  const { warn, error, log } = console
  let fixture
  let lines
  beforeEach(() => {
    lines = []
    console.warn = (...words) => lines.push(["warn", ...words])
    console.error = (...words) => lines.push(["error", ...words])
    console.log = (...words) => lines.push(["log", ...words])
  })
  afterEach(() => {
    Object.assign(console, { warn, error, log })
    Object.assign(Pusher, { isReady: true, logToConsole: false, log: undefined })
    fixture?.end()
    fixture = undefined
  })

  test("options without a meaning for a gateway are accepted in silence", () => {
    fixture = make(OPTIONS)
    assert.deepEqual(lines, [])
    assert.deepEqual(fixture.pusher.options, OPTIONS)
  })

  for (const options of [{ activityTimeout: 1000 }, { pongTimeout: 1000 }, { authorizer: () => {} }, { channelAuthorization: { customHandler() {} } }, { authorizer: () => {}, channelAuthorization: { customHandler() {} } }]) {
    test(`${Object.keys(options)} of the page has no effect, which is one warning`, () => {
      fixture = make(options)
      fixture.pusher.disconnect()
      fixture.pusher.connect()
      assert.equal(lines.length, 1)
      const names = Object.keys({ ...options, ...options.channelAuthorization }).filter((name) => name !== "channelAuthorization")
      assert.equal(lines[0].join(" "), "warn passerelle: no effect: " + names)
    })
  }

  test("a missing key is a TypeError that names it; options may be left out", () => {
    for (const key of [undefined, null]) assert.throws(() => new Pusher(key, {}), { name: "TypeError", message: /key/ })
    const pusher = new Pusher("key")
    assert.deepEqual(pusher.options, {})
    pusher.disconnect()
  })

  test("a client whose options connect refuses is none of the instances", () => {
    const before = Pusher.instances.length
    assert.throws(() => new Pusher("key", { sync: "no" }), TypeError)
    assert.equal(Pusher.instances.length, before)
  })

  test("gateway, token, user, sync and tabs are passed on", () => {
    const options = { gateway: "/rt", token: async () => "t", user: "anne", sync() {}, tabs: false }
    fixture = make(options)
    const { gateway, ...same } = options
    const { url, ...passed } = fixture.gateway.options
    assert.equal(url, gateway)
    for (const [name, value] of Object.entries(same)) assert.equal(passed[name], value, name)
  })

  test("the gateway is at / unless the page names another URL", () => {
    fixture = make({ gateway: undefined })
    assert.equal(fixture.gateway.options.url, "/")
  })

  test("headers of both kinds are sent with each request, and are read each time", () => {
    let number = 0
    const headersProvider = () => ({ "X-Number": String(++number) })
    fixture = make({ auth: { headers: { A: "1", B: "1" } }, channelAuthorization: { headers: { B: "2" }, headersProvider } })
    assert.deepEqual(fixture.gateway.options.headers(), { A: "1", B: "2", "X-Number": "1" })
    assert.deepEqual(fixture.gateway.options.headers(), { A: "1", B: "2", "X-Number": "2" })
  })

  test("headers of connect take precedence", () => {
    const headers = () => ({})
    fixture = make({ headers, auth: { headers: { A: "1" } } })
    assert.equal(fixture.gateway.options.headers, headers)
  })

  test("instances lists the clients; the other statics exist", () => {
    fixture = make()
    assert.equal(Pusher.instances.at(-1), fixture.pusher)
    for (const name of ["Runtime", "ScriptReceivers", "DependenciesReceivers", "auth_callbacks"]) assert.deepEqual(Pusher[name], {})
    assert.equal(Pusher.isReady, true)
    assert.equal(Pusher.logToConsole, false)
  })

  test("a client that is made before ready() waits for it", () => {
    Pusher.isReady = false
    const before = gateways.length
    fixture = make()
    assert.equal(fixture.state, "initialized")
    const channel = fixture.pusher.subscribe("public")
    assert.equal(gateways.length, before)
    Pusher.ready()
    assert.equal(fixture.state, "connecting")
    assert.equal(fixture.live().pusher.channel("public"), channel)
    assert.ok(fixture.chat("public"))
  })

  test("signin answers that it is not supported, after the page has bound its listener", async () => {
    fixture = make()
    fixture.pusher.signin()
    const calls = fixture.calls(fixture.pusher.user, "pusher:signin_error")
    await Promise.resolve()
    assert.equal(calls.length, 1)
    assert.equal(calls[0][0].type, "NotSupported")
    assert.match(calls[0][0].error, /not supported/)
    assert.equal(fixture.pusher.user.user_data, null)
    assert.equal(fixture.state, "connecting")
  })

  test("the user and the watch list have listeners, which are never called", () => {
    fixture = make()
    const { user } = fixture.pusher
    const fail = () => assert.fail("not supported")
    assert.equal(user.bind("news", fail), user)
    assert.equal(user.watchlist.bind("online", fail), user.watchlist)
    fixture.live().subscribed("public")
    fixture.chat("public").receive("news", {})
    fixture.chat("public").receive("online", {})
  })

  test("shouldUseTLS returns the option", () => {
    fixture = make()
    assert.equal(fixture.pusher.shouldUseTLS(), true)
    assert.equal(new Pusher("key", { forceTLS: false }).shouldUseTLS(), false)
  })

  test("nothing is logged unless the page asks for it", () => {
    fixture = make()
    fixture.live().subscribed("public")
    assert.deepEqual(lines, [])
    Pusher.logToConsole = true
    fixture.chat("public").receive("news", {})
    assert.equal(lines.length, 1)
    const logged = []
    Pusher.log = (message) => logged.push(message)
    fixture.chat("public").receive("news", {})
    fixture.gateway.change({ state: "waiting" })
    assert.equal(lines.length, 1)
    assert.equal(logged[0].event, "news")
    assert.deepEqual(logged[1], { previous: "connected", current: "connecting" })
  })

  describe("dedupe", () => {
    const dedupe = (event) => event.data?.message?.id

    test("drops an event whose key its channel has had under the same name", () => {
      fixture = make({ dedupe })
      const calls = fixture.calls(fixture.pusher, "new-message")
      fixture.live().subscribed("presence-a")
      fixture.subscribed("presence-b")
      const say = (name, event, id) => fixture.chat(name).receive(event, { message: { id } })
      say("presence-a", "new-message", 1)
      say("presence-a", "new-message", 1)
      say("presence-a", "message-edited", 1)
      say("presence-b", "new-message", 1)
      say("presence-a", "new-message", 2)
      assert.deepEqual(calls.map(([data]) => data.message.id), [1, 1, 2])
    })

    test("keeps events without a key, and never asks about the gateway's own", () => {
      const asked = []
      fixture = make({ dedupe: (event) => void asked.push(event.event) })
      const channel = fixture.live().subscribed("presence-a")
      const calls = fixture.calls(channel, "news")
      fixture.chat("presence-a").receive("news", 1)
      fixture.chat("presence-a").receive("news", 1)
      fixture.chat("presence-a").receive("passerelle:gap", { reason: "idle" })
      assert.equal(calls.length, 2)
      assert.deepEqual(asked, ["news", "news"])
    })

    for (const [between, told] of [[511, 1], [512, 2]]) {
      test(`remembers 512 keys: after ${between} others, a key is told ${told} times`, () => {
        fixture = make({ dedupe })
        const channel = fixture.live().subscribed("public")
        let count = 0
        channel.bind("new-message", ({ message }) => (count += message.id === 0))
        for (let id = 0; id <= between; id++) fixture.chat("public").receive("new-message", { message: { id } })
        fixture.chat("public").receive("new-message", { message: { id: 0 } })
        assert.equal(count, told)
      })
    }
  })

  describe("encrypted channels", () => {
    const NAME = "private-encrypted-a"

    test("are an error on the console without decrypt, and their events are dropped", () => {
      fixture = make()
      const channel = fixture.live().subscribed(NAME)
      assert.equal(lines.length, 1)
      assert.match(lines[0].join(" "), /^error passerelle: no decrypt: private-encrypted-a/)
      const calls = fixture.calls(channel, "news")
      fixture.chat(NAME).receive("news", { nonce: "n", ciphertext: "c" })
      assert.deepEqual(calls, [])
      assert.equal(lines.length, 2)
      assert.equal(channel.subscribed, true)
    })

    test("deliver what decrypt returns, and drop what it cannot read", () => {
      const decrypt = ({ channel, data }) => {
        if (data.ciphertext === "bad") throw new Error("wrong key")
        return { channel, text: data.ciphertext }
      }
      fixture = make({ decrypt })
      const channel = fixture.live().subscribed(NAME)
      const calls = fixture.calls(channel, "news")
      for (const ciphertext of ["a", "bad", "b"]) fixture.chat(NAME).receive("news", { nonce: "n", ciphertext })
      assert.deepEqual(calls, [[{ channel: NAME, text: "a" }, {}], [{ channel: NAME, text: "b" }, {}]])
      assert.equal(lines.length, 1)
      fixture.subscribed("private-a")
      const plain = fixture.calls(fixture.pusher.channel("private-a"), "news")
      fixture.chat("private-a").receive("news", { ciphertext: "a" })
      assert.deepEqual(plain, [[{ ciphertext: "a" }, {}]])
    })
  })
})
