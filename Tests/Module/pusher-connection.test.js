// SPDX-License-Identifier: MIT
// The connection of passerelle-pusher.js: states, events and sending, by the rules of pusher-js.

import assert from "node:assert/strict"
import { afterEach, describe, test } from "node:test"
import { pusherFixtures } from "./support/pusher-fixture.js"
import { FORMS } from "./support/stage.js"

const forms = await Promise.all(FORMS.map(pusherFixtures))
for (const { form, make, SendBlocked } of forms) describe(`connection, ${form}`, () => {
  let fixture
  afterEach(() => fixture.end())

  const states = () => fixture.told.filter(([name]) => name === "state_change").map(([, change]) => change)

  test("a new client is connecting", () => {
    fixture = make()
    assert.equal(fixture.state, "connecting")
    assert.equal(fixture.pusher.connection.socket_id, null)
  })

  test("state_change comes first, then the state's own name; connected has a socket_id", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.live()
    assert.deepEqual(fixture.told, [
      ["state_change", { previous: "connecting", current: "connected" }],
      ["connected", { socket_id: null }],
    ])
  })

  test("without channels the client is connected, so that pages that wait for it subscribe", () => {
    fixture = make()
    fixture.clock.pass(0)
    assert.equal(fixture.state, "connected")
    fixture.pusher.subscribe("public")
    fixture.gateway.change({ state: "connecting" })
    assert.equal(fixture.state, "connected")
    fixture.live()
    assert.equal(states().length, 1)
  })

  test("a page that gives up its only channel before the answer is connected too", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.clock.pass(0)
    assert.equal(fixture.state, "connecting")
    fixture.pusher.unsubscribe("public")
    fixture.clock.pass(0)
    assert.equal(fixture.state, "connected")
  })

  test("no answer is unavailable after 10 s, and not before", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.clock.pass(9999)
    assert.equal(fixture.state, "connecting")
    fixture.clock.pass(1)
    assert.equal(fixture.state, "unavailable")
    fixture.live()
    assert.equal(fixture.state, "connected")
  })

  test("no answer to the first channel of a connected client is unavailable after 10 s", () => {
    fixture = make()
    fixture.clock.pass(0)
    fixture.pusher.subscribe("public")
    fixture.clock.pass(9999)
    assert.equal(fixture.state, "connected")
    fixture.clock.pass(1)
    assert.equal(fixture.state, "unavailable")
  })

  for (const timeout of [0, 1, 2500]) {
    test(`unavailableTimeout ${timeout} is obeyed`, () => {
      fixture = make({ unavailableTimeout: timeout })
      fixture.pusher.subscribe("public")
      fixture.clock.pass(timeout - 1)
      assert.equal(fixture.state, "connecting")
      fixture.clock.pass(1)
      assert.equal(fixture.state, "unavailable")
    })
  }

  test("a lost connection is connecting, then unavailable; failed attempts do not restart the time", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.live().gateway.change({ state: "connecting", reason: "cut" })
    assert.equal(fixture.state, "connecting")
    fixture.clock.pass(6000)
    fixture.gateway.change({ state: "waiting", reason: "network" })
    fixture.clock.pass(3999)
    assert.equal(fixture.state, "connecting")
    fixture.clock.pass(1)
    assert.equal(fixture.state, "unavailable")
    fixture.gateway.change({ state: "connecting" })
    assert.equal(fixture.state, "unavailable")
    fixture.live()
    assert.deepEqual(states().map((each) => each.current), ["connected", "connecting", "unavailable", "connected"])
  })

  test("a connection that returns in time is never unavailable", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    for (let each = 0; each < 3; each++) {
      fixture.live().gateway.change({ state: "connecting" })
      fixture.clock.pass(9999)
    }
    fixture.live().clock.pass(60000)
    assert.ok(states().every((each) => each.current !== "unavailable"))
  })

  test("a failed first attempt of a connected client is connecting", () => {
    fixture = make()
    fixture.clock.pass(0)
    fixture.pusher.subscribe("public")
    fixture.gateway.change({ state: "waiting", reason: "network" })
    assert.equal(fixture.state, "connecting")
  })

  test("a gateway without Channels is unavailable until Channels returns", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.gateway.change({ state: "live", upstream: "away" })
    assert.equal(fixture.state, "unavailable")
    fixture.gateway.change({ upstream: "connected" })
    assert.equal(fixture.state, "connected")
  })

  test("a refused reader is an error and disconnected, and returns if it is admitted", () => {
    fixture = make()
    const channel = fixture.subscribed("presence-a", { anne: {} }, "anne")
    const errors = fixture.calls(channel, "pusher:subscription_error")
    fixture.live().gateway.change({ state: "denied", reason: "revoked" })
    assert.deepEqual(errors, [[{ type: "AuthError", error: "revoked", status: undefined }]])
    assert.deepEqual(fixture.told.slice(-3), [
      ["error", { type: "AuthError", error: "revoked" }],
      ["state_change", { previous: "connected", current: "disconnected" }],
      ["disconnected", undefined],
    ])
    assert.equal(channel.subscribed, false)
    assert.equal(channel.members.count, 0)
    fixture.gateway.change({ state: "connecting" })
    assert.equal(fixture.state, "connecting")
    fixture.chat("presence-a").snapshot({ anne: {} }, "anne")
    assert.equal(fixture.state, "connected")
    assert.equal(channel.members.count, 1)
  })

  test("channels that are refused one by one leave the connection as it is without channels", () => {
    fixture = make()
    const channel = fixture.pusher.subscribe("presence-a")
    const errors = fixture.calls(channel, "pusher:subscription_error")
    fixture.chat("presence-a").receive("pusher:subscription_error", { status: 403, message: "no" })
    assert.equal(fixture.state, "connecting")
    fixture.gateway.change({ state: "denied", reason: "forbidden" })
    assert.equal(fixture.state, "connected")
    assert.equal(errors.length, 1)
    assert.ok(fixture.told.every(([name]) => name !== "error"))
  })

  test("a list of members that arrives before the state of its connection waits for connected", () => {
    fixture = make()
    const order = []
    fixture.pusher.connection.bind("connected", () => order.push("connected"))
    const channel = fixture.pusher.subscribe("presence-a")
    channel.bind("pusher:subscription_succeeded", () => order.push(channel.trigger("client-typing", {})))
    fixture.chat("presence-a").snapshot({ anne: {} }, "anne")
    assert.deepEqual(order, ["connected", true])
    fixture.live()
    assert.equal(order.length, 2)
  })

  test("connect() after a refusal asks again at once, with all channels", () => {
    fixture = make()
    fixture.pusher.subscribe("presence-a")
    const refused = fixture.gateway
    refused.change({ state: "denied", reason: "expired" })
    fixture.pusher.connect()
    assert.equal(refused.state, "closed")
    assert.notEqual(fixture.gateway, refused)
    assert.deepEqual([...fixture.gateway.channels.keys()], ["presence-a"])
    assert.equal(fixture.state, "connecting")
  })

  test("connect() of a connected client does nothing", () => {
    fixture = make()
    const before = fixture.gateways.length
    fixture.pusher.connect()
    fixture.live().pusher.connect()
    assert.equal(fixture.gateways.length, before)
  })

  test("disconnect() is one change of the state", () => {
    fixture = make()
    fixture.subscribed("public")
    fixture.live().pusher.disconnect()
    assert.deepEqual(fixture.told.slice(2), [
      ["state_change", { previous: "connected", current: "disconnected" }],
      ["disconnected", undefined],
    ])
  })

  test("disconnect() closes the gateway; channels and listeners outlive it", () => {
    fixture = make()
    const channel = fixture.subscribed("presence-a", { anne: {} }, "anne")
    const calls = fixture.calls(channel, "news")
    const old = fixture.live().gateway
    const oldChat = fixture.chat("presence-a")
    fixture.pusher.disconnect()
    assert.equal(old.state, "closed")
    assert.equal(fixture.state, "disconnected")
    assert.deepEqual([channel.subscribed, channel.subscriptionPending, channel.members.count], [false, false, 0])
    oldChat.receive("news", "late")
    old.change({ state: "live" })
    assert.equal(fixture.state, "disconnected")
    fixture.pusher.connect()
    assert.equal(fixture.pusher.channel("presence-a"), channel)
    fixture.live().chat("presence-a").receive("news", "new")
    assert.deepEqual(calls, [["new", {}]])
  })

  test("a client that was disconnected stays so", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.pusher.disconnect()
    fixture.clock.pass(60000)
    assert.equal(fixture.state, "disconnected")
    assert.equal(fixture.clock.waiting, 0)
  })

  test("switchCluster takes the key and the cluster, and connects again with all channels", () => {
    fixture = make({ token: async () => "t" })
    const channel = fixture.subscribed("public")
    const old = fixture.live().gateway
    const options = fixture.pusher.options
    fixture.pusher.switchCluster({ appKey: "other", cluster: "us3" })
    assert.equal(fixture.pusher.key, "other")
    assert.deepEqual(fixture.pusher.options, { ...options, cluster: "us3" })
    assert.equal(old.state, "closed")
    assert.equal(fixture.state, "connecting")
    fixture.live()
    assert.equal(fixture.pusher.channel("public"), channel)
    assert.ok(fixture.chat("public"))
  })

  test("every event is a message of the connection", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    const calls = fixture.calls(fixture.pusher.connection, "message")
    fixture.chat("public").receive("news", { a: 1 }, "anne")
    const [[{ channel, event, data, user_id }]] = calls
    assert.deepEqual({ channel, event, data, user_id }, { channel: "public", event: "news", data: { a: 1 }, user_id: "anne" })
  })

  test("send_event returns whether the event was sent", () => {
    fixture = make()
    const send = () => fixture.pusher.send_event("client-typing", { on: true }, "presence-a")
    assert.equal(send(), false)
    const { pusher } = fixture
    pusher.subscribe("presence-a")
    assert.equal(send(), false)
    fixture.live()
    assert.equal(send(), true)
    assert.deepEqual(fixture.chat("presence-a").sent, [{ event: "client-typing", data: { on: true } }])
    assert.equal(pusher.send_event("client-typing", {}, "presence-b"), false)
    fixture.gateway.change({ state: "waiting" })
    assert.equal(send(), false)
  })

  test("an event that the network swallows is an error of type SendBlocked", async () => {
    fixture = make()
    fixture.pusher.subscribe("presence-a")
    fixture.live().chat("presence-a").blocked = new SendBlocked("no answer")
    assert.equal(fixture.pusher.send_event("client-typing", {}, "presence-a"), true)
    await Promise.resolve().then(() => {})
    assert.deepEqual(fixture.told.at(-1), ["error", { type: "SendBlocked", error: fixture.chat("presence-a").blocked }])
    assert.equal(fixture.state, "connected")
  })
})
