// SPDX-License-Identifier: MIT
// The channels of passerelle-pusher.js, by the rules of pusher-js.

import assert from "node:assert/strict"
import { afterEach, describe, test } from "node:test"
import { pusherFixtures } from "./support/pusher-fixture.js"
import { FORMS } from "./support/stage.js"

const ANNE = { name: "Anne" }
const BEN = { name: "Ben" }

const forms = await Promise.all(FORMS.map(pusherFixtures))
for (const { form, make, BadEventName } of forms) describe(`channels, ${form}`, () => {
  let fixture
  afterEach(() => fixture.end())

  const flags = ({ subscribed, subscriptionPending, subscriptionCancelled }) => [subscribed, subscriptionPending, subscriptionCancelled]

  test("subscribe returns the same object for the same name", () => {
    fixture = make()
    const channel = fixture.pusher.subscribe("public")
    assert.equal(fixture.pusher.subscribe("public"), channel)
    assert.equal(fixture.pusher.channel("public"), channel)
    assert.deepEqual([channel.name, channel.pusher], ["public", fixture.pusher])
    assert.equal(fixture.chat("public").users, 1)
  })

  test("allChannels lists the channels; an unknown one is undefined", () => {
    fixture = make()
    const channels = [fixture.pusher.subscribe("a"), fixture.pusher.subscribe("toString")]
    assert.deepEqual(fixture.pusher.allChannels(), channels)
    assert.deepEqual(Object.keys(fixture.pusher.channels.channels), ["a", "toString"])
    assert.equal(fixture.pusher.channel("constructor"), undefined)
  })

  test("a subscription is pending from the connection to its success", () => {
    fixture = make()
    const channel = fixture.pusher.subscribe("public")
    assert.deepEqual(flags(channel), [false, false, false])
    fixture.live()
    assert.deepEqual(flags(channel), [false, true, false])
    fixture.chat("public").receive("pusher:subscription_succeeded", {})
    assert.deepEqual(flags(channel), [true, false, false])
    const second = fixture.pusher.subscribe("second")
    assert.deepEqual(flags(second), [false, true, false])
  })

  test("subscribeAll does not repeat a subscription", () => {
    fixture = make()
    const channel = fixture.subscribed("public")
    fixture.live().pusher.subscribeAll()
    assert.deepEqual(flags(channel), [true, false, false])
    assert.equal(fixture.chat("public").users, 1)
  })

  test("unsubscribe removes the channel and its listeners", () => {
    fixture = make()
    const channel = fixture.live().subscribed("public")
    const calls = fixture.calls(channel, "news")
    const chat = fixture.chat("public")
    fixture.pusher.unsubscribe("public")
    assert.equal(fixture.pusher.channel("public"), undefined)
    assert.equal(fixture.chat("public"), undefined)
    assert.equal(channel.subscribed, false)
    assert.notEqual(fixture.pusher.subscribe("public"), channel)
    chat.receive("news", 1)
    assert.deepEqual(calls, [])
  })

  test("a channel's own unsubscribe keeps the object, which can be subscribed again", () => {
    fixture = make()
    const channel = fixture.live().subscribed("public")
    const calls = fixture.calls(channel, "news")
    channel.unsubscribe()
    assert.equal(channel.subscribed, false)
    assert.equal(fixture.chat("public"), undefined)
    assert.equal(fixture.subscribed("public"), channel)
    fixture.chat("public").receive("news", 1)
    assert.deepEqual(calls, [[1, {}]])
  })

  test("unsubscribe of an unknown channel does nothing", () => {
    fixture = make()
    fixture.pusher.unsubscribe("unknown")
    assert.deepEqual(fixture.pusher.allChannels(), [])
  })

  test("unsubscribe before the connection removes the channel at once", () => {
    fixture = make()
    fixture.pusher.subscribe("public")
    fixture.pusher.unsubscribe("public")
    assert.equal(fixture.pusher.channel("public"), undefined)
    assert.equal(fixture.chat("public"), undefined)
  })

  test("unsubscribe of a pending subscription takes effect with its success, which is not told", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("presence-a")
    const calls = fixture.calls(channel, "pusher:subscription_succeeded")
    fixture.pusher.unsubscribe("presence-a")
    assert.equal(fixture.pusher.channel("presence-a"), channel)
    assert.deepEqual(flags(channel), [false, true, true])
    fixture.chat("presence-a").snapshot({ anne: ANNE }, "anne")
    assert.deepEqual(calls, [])
    assert.equal(fixture.pusher.channel("presence-a"), undefined)
    assert.equal(fixture.chat("presence-a"), undefined)
  })

  test("unsubscribe of a pending subscription takes effect with its refusal, too", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("presence-a")
    const calls = fixture.calls(channel, "pusher:subscription_error")
    fixture.pusher.unsubscribe("presence-a")
    fixture.chat("presence-a").receive("pusher:subscription_error", { status: 403, message: "no" })
    assert.deepEqual(calls, [])
    assert.equal(fixture.pusher.channel("presence-a"), undefined)
    assert.equal(fixture.chat("presence-a"), undefined)
  })

  test("subscribe while a cancel is pending reinstates the subscription", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("public")
    const calls = fixture.calls(channel, "pusher:subscription_succeeded")
    fixture.pusher.unsubscribe("public")
    assert.equal(fixture.pusher.subscribe("public"), channel)
    assert.deepEqual(flags(channel), [false, true, false])
    fixture.chat("public").receive("pusher:subscription_succeeded", {})
    assert.equal(calls.length, 1)
    assert.equal(fixture.pusher.channel("public"), channel)
    assert.equal(fixture.gateway.requests, 1)
  })

  test("a cancel that is pending when the client disconnects is forgotten", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("public")
    fixture.pusher.unsubscribe("public")
    fixture.pusher.disconnect()
    fixture.pusher.connect()
    fixture.live()
    assert.deepEqual(flags(channel), [false, true, false])
  })

  test("subscription_succeeded has the data of a public channel", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("public")
    const calls = fixture.calls(channel, "pusher:subscription_succeeded")
    fixture.chat("public").receive("pusher:subscription_succeeded", {})
    assert.deepEqual(calls, [[{}]])
    assert.equal(channel.members, undefined)
  })

  test("subscription_succeeded of a presence channel has the members object", () => {
    fixture = make()
    const channel = fixture.pusher.subscribe("presence-a")
    const { members } = channel
    assert.equal(members.count, 0)
    const calls = fixture.calls(channel, "pusher:subscription_succeeded")
    fixture.live().chat("presence-a").snapshot({ anne: ANNE, ben: BEN }, "anne")
    assert.equal(calls.length, 1)
    assert.equal(calls[0].length, 1)
    assert.equal(calls[0][0], members)
    assert.deepEqual({ ...members }, { members: { anne: ANNE, ben: BEN }, count: 2, myID: "anne" })
    assert.deepEqual(members.me, { id: "anne", info: ANNE })
    fixture.chat("presence-a").snapshot({ ben: BEN })
    assert.equal(channel.members, members)
    assert.deepEqual({ ...members }, { members: { ben: BEN }, count: 1, myID: null })
    assert.equal(members.me, null)
    assert.equal(calls.length, 2)
  })

  test("members stay while the gateway connects again", () => {
    fixture = make()
    const channel = fixture.live().subscribed("presence-a", { anne: ANNE }, "anne")
    fixture.gateway.change({ state: "connecting" })
    assert.equal(channel.members.count, 1)
    assert.equal(channel.subscribed, true)
  })

  test("member events have id and info; a departure is told only if the member was known", () => {
    fixture = make()
    const channel = fixture.live().subscribed("presence-a", { anne: ANNE }, "anne")
    const added = fixture.calls(channel, "pusher:member_added")
    const removed = fixture.calls(channel, "pusher:member_removed")
    const chat = fixture.chat("presence-a")
    chat.receive("pusher:member_added", { user_id: "ben", user_info: BEN })
    assert.deepEqual(channel.members.get("ben"), { id: "ben", info: BEN })
    chat.receive("pusher:member_removed", { user_id: "ben" })
    chat.receive("pusher:member_removed", { user_id: "ben" })
    assert.deepEqual(added, [[{ id: "ben", info: BEN }]])
    assert.deepEqual(removed, [[{ id: "ben", info: BEN }]])
    assert.equal(channel.members.count, 1)
  })

  test("a refusal is subscription_error; a later success is told", () => {
    fixture = make()
    const channel = fixture.live().pusher.subscribe("presence-a")
    const errors = fixture.calls(channel, "pusher:subscription_error")
    const successes = fixture.calls(channel, "pusher:subscription_succeeded")
    fixture.chat("presence-a").receive("pusher:subscription_error", { status: 403, message: "Forbidden" })
    assert.deepEqual(errors, [[{ type: "AuthError", error: "Forbidden", status: 403 }]])
    assert.deepEqual(flags(channel), [false, false, false])
    fixture.chat("presence-a").snapshot({}, null)
    assert.equal(successes.length, 1)
    assert.equal(channel.subscribed, true)
  })

  test("subscription_count is kept and told", () => {
    fixture = make()
    const channel = fixture.live().subscribed("public")
    const calls = fixture.calls(channel, "pusher:subscription_count")
    fixture.chat("public").receive("pusher:subscription_count", { subscription_count: 101 })
    assert.equal(channel.subscriptionCount, 101)
    assert.deepEqual(calls, [[{ subscription_count: 101 }]])
  })

  test("cache_miss is told to the channel and to the client", () => {
    fixture = make()
    const channel = fixture.live().subscribed("cache-a")
    const calls = fixture.calls(channel, "pusher:cache_miss")
    const global = fixture.calls(fixture.pusher, "pusher:cache_miss")
    fixture.chat("cache-a").receive("pusher:cache_miss", undefined)
    assert.deepEqual(calls, [[undefined, {}]])
    assert.deepEqual(global, [[]])
  })

  test("application events have metadata, with the sender on presence channels", () => {
    fixture = make()
    fixture.live()
    for (const [name, expected] of [["presence-a", { user_id: "anne" }], ["private-a", {}], ["public", {}]]) {
      const channel = fixture.subscribed(name)
      const calls = fixture.calls(channel, "client-typing")
      fixture.chat(name).receive("client-typing", { on: true }, "anne")
      fixture.chat(name).receive("client-typing", 0)
      assert.deepEqual(calls, [[{ on: true }, expected], [0, {}]], name)
    }
  })

  test("listeners of the client hear every channel's application events, after the channel's own", () => {
    fixture = make()
    const order = []
    fixture.pusher.bind_global((event, data) => order.push(["client", event, data]))
    fixture.live()
    for (const name of ["presence-a", "public"]) {
      fixture.subscribed(name).bind("news", (data) => order.push([name, data]))
    }
    fixture.chat("presence-a").receive("pusher:member_added", { user_id: "ben", user_info: BEN })
    fixture.chat("public").receive("pusher:subscription_count", { subscription_count: 2 })
    fixture.chat("presence-a").receive("news", 1)
    fixture.chat("public").receive("news", 2)
    assert.deepEqual(order, [["presence-a", 1], ["client", "news", 1], ["public", 2], ["client", "news", 2]])
  })

  test("a named listener of the client receives data only, and only if it is truthy", () => {
    fixture = make()
    const calls = fixture.calls(fixture.pusher, "news")
    fixture.live().subscribed("presence-a")
    fixture.chat("presence-a").receive("news", { a: 1 }, "anne")
    fixture.chat("presence-a").receive("news", 0, "anne")
    assert.deepEqual(calls, [[{ a: 1 }], []])
  })

  test("a gap is an event of the channel", () => {
    fixture = make()
    const channel = fixture.live().subscribed("public")
    const calls = fixture.calls(channel, "passerelle:gap")
    fixture.chat("public").receive("passerelle:gap", { reason: "upstream" })
    assert.deepEqual(calls, [[{ reason: "upstream" }, {}]])
  })

  test("trigger refuses a name without client-, and returns a boolean", () => {
    fixture = make()
    const channel = fixture.pusher.subscribe("presence-a")
    for (const bad of ["typing", "Client-typing", "", undefined, null, 1]) {
      assert.throws(() => channel.trigger(bad, {}), (error) => error instanceof BadEventName && error instanceof TypeError && error.name === "BadEventName")
    }
    assert.equal(channel.trigger("client-typing", {}), false)
    fixture.live()
    assert.equal(channel.trigger("client-typing", { on: true }), true)
    assert.deepEqual(fixture.chat("presence-a").sent, [{ event: "client-typing", data: { on: true } }])
  })

  test("authorize always succeeds", () => {
    fixture = make()
    const calls = []
    fixture.pusher.subscribe("private-a").authorize("1.1", (...values) => calls.push(values))
    assert.deepEqual(calls, [[null, { auth: "" }]])
  })

  test("a name that Channels does not allow is a TypeError that names the argument", () => {
    fixture = make()
    for (const bad of [undefined, null, 42, "", "a b", "#server-to-user-1", "é", "x".repeat(165)]) {
      assert.throws(() => fixture.pusher.subscribe(bad), { name: "TypeError", message: /^channel_name: / })
    }
    assert.equal(fixture.pusher.subscribe("x".repeat(164)).name.length, 164)
    assert.equal(fixture.pusher.subscribe("aA0_-=@,.;").name, "aA0_-=@,.;")
    assert.equal(fixture.pusher.allChannels().length, 2)
  })
})
