// SPDX-License-Identifier: MIT
// When `rescue` takes over and when it stops, with the time as an argument.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Page, stage } from "./support/rescue-stage.js"

describe("rescue", () => {
  let set
  before(async () => { set = await stage() })
  after(() => set.remove())

  const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

  /** A page whose pusher-js has worked for long enough that the gateway's connection is closed. */
  const standby = async (options) => {
    const page = new Page(set, options)
    await page.connect()
    await page.pass(15000)
    assert.equal(page.log.open, 0)
    return page
  }

  const back = async (page) => {
    await page.connect()
    await page.pass(25000)
  }

  test("reads a position at the start, and then sends nothing while pusher-js works", async () => {
    const page = new Page(set)
    await page.pass(100)
    assert.equal(page.log.open, 1)
    await page.connect()
    page.both(1)
    await page.pass(15000)
    assert.equal(page.log.open, 0)
    const sent = page.socket.sent.length
    await page.pass(200000, 10000)
    assert.equal(page.log.open, 0)
    assert.equal(page.socket.sent.length, sent)
    assert.deepEqual(page.got, [1])
    page.stop()
  })

  test("renews the position within five minutes", async () => {
    const page = await standby()
    const opened = set.clock.now
    while (!page.log.open) await page.pass(1000, 1000)
    const age = set.clock.now - opened
    assert.ok(age > 200000 && age <= 301000, String(age))
    page.stop()
  })

  test("takes over if pusher-js does not connect within four seconds", async () => {
    const page = new Page(set)
    await page.pass(100)
    page.log.add("new-message", { n: 1 })
    await page.pass(3800)
    assert.equal(page.active, false)
    await page.pass(600)
    assert.equal(page.active, true)
    page.log.add("new-message", { n: 2 })
    await page.pass(100)
    assert.deepEqual(page.got, [1, 2])
    page.stop()
  })

  test("tells the members during an outage as pusher-js does", async () => {
    const page = new Page(set)
    const told = []
    page.channel.bind("pusher:subscription_succeeded", (members) => told.push(members))
    page.channel.bind("pusher:member_added", (member) => told.push(member))
    page.channel.bind("pusher:member_removed", (member) => told.push(member))
    await page.pass(5000)
    assert.equal(told[0], page.channel.members)
    assert.equal(page.channel.members.count, 3)
    assert.deepEqual(page.channel.members.me, { id: "usr_7", info: {} })
    page.log.add("pusher:member_added", { user_id: "usr_1", user_info: { name: "Anne" } })
    page.log.add("pusher:member_removed", { user_id: "usr_8" })
    await page.pass(100)
    assert.deepEqual(told.slice(1), [{ id: "usr_1", info: { name: "Anne" } }, { id: "usr_8", info: {} }])
    assert.deepEqual(page.channel.members.get("usr_1"), { id: "usr_1", info: { name: "Anne" } })
    assert.equal(page.channel.members.get("usr_8"), null)
    assert.equal(page.channel.subscribed, true)
    page.stop()
    assert.equal(page.channel.members.count, 0)
    assert.equal(page.channel.subscribed, false)
  })

  test("recovers what a short loss missed, once, before what pusher-js delivers meanwhile", async () => {
    const page = await standby()
    page.both(1)
    page.lose()
    page.log.add("new-message", { n: 2 })
    page.log.add("new-message", { n: 3 })
    page.log.isUp = false
    await page.pass(1500)
    await page.connect()
    page.message(4)
    await page.pass(1000)
    assert.deepEqual(page.got, [1])
    page.log.add("new-message", { n: 4 })
    page.log.up()
    await page.pass(100)
    assert.deepEqual(page.got, [1, 2, 3, 4])
    page.both(5)
    page.log.add("new-message", { n: 6 })
    page.message(6)
    assert.deepEqual(page.got, numbers(1, 6))
    await page.pass(25000)
    assert.equal(page.active, false)
    page.both(7)
    assert.deepEqual(page.got, numbers(1, 7))
    page.stop()
  })

  test("does not hold an event of pusher-js for longer than six seconds", async () => {
    const page = await standby()
    page.lose()
    page.log.isUp = false
    await page.pass(1500)
    await page.connect()
    page.message(1)
    await page.pass(5500)
    assert.deepEqual(page.got, [])
    await page.pass(1100)
    assert.deepEqual(page.got, [1])
    page.message(2)
    assert.deepEqual(page.got, [1, 2])
    page.log.add("new-message", { n: 0 })
    page.log.add("new-message", { n: 1 })
    page.log.add("new-message", { n: 2 })
    page.log.up()
    await page.pass(100)
    assert.deepEqual(page.got, [1, 2, 0])
    page.stop()
  })

  test("tells missed events before those of a new connection, also if the gateway's is interrupted", async () => {
    const page = await standby()
    page.lose()
    await page.pass(1500)
    await page.connect()
    page.both(1)
    await page.pass(8000)
    page.log.down()
    page.both(2)
    page.lose()
    await page.pass(100)
    page.log.add("new-message", { n: 3 })
    await page.pass(1000)
    await page.connect()
    page.both(4)
    await page.pass(1000)
    page.log.up()
    await page.pass(1000)
    assert.deepEqual(page.got, [1, 2, 3, 4])
    page.stop()
  })

  test("has three unanswered auth requests at most, and continues with the newest connection's", async () => {
    const { fetch } = globalThis
    const asked = []
    globalThis.fetch = (_, { body }) => new Promise((resolve) => asked.push([body.get("socket_id"), resolve]))
    const page = new Page(set)
    for (let turn = 0; turn < 5; turn++) {
      await page.connect(false)
      page.lose()
      await page.pass(1000)
    }
    await page.connect(false)
    assert.deepEqual(asked.map(([id]) => id), ["1.1", "1.2", "1.3"])
    const body = { auth: "a", channel_data: '{"user_id":"usr_7"}' }
    asked[0][1]({ ok: true, json: async () => body })
    await page.pass(100)
    assert.deepEqual(asked.map(([id]) => id), ["1.1", "1.2", "1.3", "1.6"])
    globalThis.fetch = fetch
    page.stop()
  })

  test("counts identical payloads", async () => {
    const page = await standby()
    page.both(1)
    page.both(1)
    page.lose()
    page.log.add("new-message", { n: 1 })
    await page.pass(1500)
    await page.connect()
    await page.pass(100)
    assert.deepEqual(page.got, [1, 1, 1])
    page.both(1)
    page.log.add("new-message", { n: 1 })
    page.message(1)
    assert.equal(page.got.length, 5)
    await page.pass(25000)
    page.both(1)
    page.both(1)
    assert.equal(page.got.length, 7)
    page.stop()
  })

  test("an event that only the log had while both delivered hides no later one", async () => {
    const page = await standby()
    page.lose()
    await page.pass(1500)
    await page.connect(false)
    page.log.add("new-message", { n: 1 })
    await page.pass(100)
    page.join()
    await page.pass(25000)
    assert.equal(page.active, false)
    page.message(1)
    assert.deepEqual(page.got, [1, 1])
    page.stop()
  })

  test("supplies a page whose connection lives for 200 ms, again and again", async () => {
    const page = new Page(set)
    let n = 0
    for (let round = 0; round < 20; round++) {
      await page.connect()
      page.both(++n)
      await page.pass(200)
      page.lose()
      page.log.add("new-message", { n: ++n })
      await page.pass(1100)
    }
    assert.equal(page.active, true)
    await page.pass(1000)
    assert.deepEqual(page.got, numbers(1, n))
    assert.equal(page.channel.members.count, 2)
    await back(page)
    assert.equal(page.active, false)
    page.both(++n)
    assert.deepEqual(page.got, numbers(1, n))
    page.stop()
  })

  test("asks pusher-js for an answer after a wake-up, and takes over if there is none", async () => {
    const target = new EventTarget()
    globalThis.addEventListener = target.addEventListener.bind(target)
    try {
      const page = await standby()
      page.log.add("new-message", { n: 1 })
      page.socket.isDead = true
      set.clock.pass(60000)
      target.dispatchEvent(new Event("online"))
      assert.equal(page.socket.sent.at(-1).event, "pusher:ping")
      await page.pass(3500)
      assert.equal(page.active, false)
      await page.pass(1000)
      assert.deepEqual(page.got, [1])
      page.stop()

      const healthy = await standby()
      target.dispatchEvent(new Event("online"))
      await healthy.pass(10000)
      assert.equal(healthy.active, false)
      healthy.stop()
    } finally {
      delete globalThis.addEventListener
    }
  })

  test("loses nothing if pusher-js's connection dies without a word while the position is read", async () => {
    const page = new Page(set)
    await page.pass(100)
    await page.connect()
    page.both(1)
    page.socket.isDead = true
    for (let n = 2; n <= 20; n++) {
      page.log.add("new-message", { n })
      await page.pass(1000)
    }
    assert.deepEqual(page.got, numbers(1, 20))
    page.stop()
  })

  test("takes over if pusher-js is connected, but its subscription is not confirmed", async () => {
    const page = new Page(set)
    await page.connect(false)
    await page.pass(4500)
    assert.equal(page.active, true)
    page.log.add("new-message", { n: 1 })
    await page.pass(100)
    assert.deepEqual(page.got, [1])
    page.stop()
  })

  test("sends client events through the gateway while pusher-js cannot", async () => {
    const page = new Page(set)
    assert.equal(page.channel.trigger("client-typing", { isTyping: true }), false)
    await page.pass(5000)
    assert.equal(page.channel.trigger("client-typing", { isTyping: true }), true)
    await page.pass(100)
    assert.deepEqual(page.log.sent, [["presence-bail-1", "client-typing", { isTyping: true }]])
    const errors = []
    page.pusher.connection.bind("error", (error) => errors.push(error))
    page.log.refusal = Object.assign(new Error("refused"), { name: "SendBlocked" })
    assert.equal(page.channel.trigger("client-typing", {}), true)
    await page.pass(100)
    assert.equal(errors[0].type, "SendBlocked")
    await page.connect()
    assert.equal(page.channel.trigger("client-typing", {}), true)
    assert.equal(page.socket.sent.at(-1).event, "client-typing")
    page.stop()
  })

  test("follows subscriptions that begin and end during an outage", async () => {
    const page = new Page(set)
    await page.pass(5000)
    const got = []
    const other = page.pusher.subscribe("presence-bail-2")
    other.bind("new-message", ({ n }) => got.push(n))
    await page.pass(100)
    assert.equal(other.subscribed, true)
    page.log.add("new-message", { n: 1 }, "presence-bail-2")
    page.pusher.unsubscribe("presence-bail-2")
    page.log.add("new-message", { n: 2 }, "presence-bail-2")
    await page.pass(100)
    assert.deepEqual(got, [1])
    page.stop()
  })

  test("a channel that the page subscribes to later gets nothing from before", async () => {
    const page = await standby()
    page.log.add("new-message", { n: 1 }, "presence-bail-2")
    page.lose()
    await page.pass(5000)
    const got = []
    page.pusher.subscribe("presence-bail-2").bind("new-message", ({ n }) => got.push(n))
    await page.pass(100)
    page.log.add("new-message", { n: 2 }, "presence-bail-2")
    await page.pass(100)
    assert.deepEqual(got, [2])
    page.stop()
  })

  test("emits a gap on the channel and calls sync", async () => {
    const calls = [], gaps = []
    const page = await standby({ sync: (...values) => calls.push(values) })
    page.channel.bind("passerelle:gap", (gap) => gaps.push(gap))
    page.lose()
    page.log.add("passerelle:gap", { reason: "upstream" })
    await page.pass(6000)
    assert.deepEqual(gaps, [{ reason: "upstream" }])
    assert.equal(calls.length, 1)
    assert.equal(calls[0][0], "presence-bail-1")
    assert.equal(calls[0][1].reason, "upstream")
    page.stop()
  })

  test("tells a gap if the gateway was not reached before the loss", async () => {
    const page = new Page(set)
    const gaps = []
    page.channel.bind("passerelle:gap", (gap) => gaps.push(gap))
    page.log.isUp = false
    await page.connect()
    await page.pass(1000)
    page.lose()
    await page.pass(6000)
    assert.deepEqual(gaps, [{ reason: "unknown-position" }])
    page.stop()
  })

  test("rests while the page has disconnected pusher-js", async () => {
    const page = await standby()
    page.pusher.disconnect()
    await page.pass(60000, 1000)
    assert.equal(page.active, false)
    assert.equal(page.log.open, 0)
    assert.equal(page.channel.members.count, 0)
    page.log.add("new-message", { n: 1 })
    page.pusher.connect()
    await page.connect()
    await page.pass(100)
    assert.deepEqual(page.got, [1])
    page.stop()
  })

  test("takes over if Channels refuses the connection for good", async () => {
    const page = await standby()
    page.pusher.connection.emit("error", { type: "PusherError", data: { code: 4004 } })
    page.pusher.disconnect()
    await page.pass(5000)
    assert.equal(page.active, true)
    page.stop()
  })

  test("an exception of the page's callback loses no event", async () => {
    const page = await standby()
    const reported = []
    const catcher = (error) => reported.push(error.message)
    process.on("uncaughtException", catcher)
    page.channel.bind("new-message", ({ n }) => { if (n === 1) throw new Error("the page's own") })
    page.lose()
    page.log.add("new-message", { n: 1 })
    page.log.add("new-message", { n: 2 })
    try {
      await page.pass(6000)
    } catch (error) {
      reported.push(error.message)
    }
    await page.pass(1000)
    process.off("uncaughtException", catcher)
    assert.deepEqual(page.got, [1, 2])
    assert.deepEqual(reported, ["the page's own"])
    page.stop()
  })

  test("stop restores pusher-js", async () => {
    const page = new Page(set)
    page.stop()
    const { emit } = page.pusher.connection
    const methods = () => [page.pusher.subscribe, page.pusher.unsubscribe, page.pusher.send_event, page.pusher.channels.disconnect]
    const before = methods()
    const stop = set.rescue(page.pusher, { url: "/gateway" })
    assert.notEqual(page.pusher.connection.emit, emit)
    stop()
    stop()
    assert.equal(page.pusher.connection.emit, emit)
    assert.deepEqual(methods(), before)
    await page.pass(10000)
    assert.equal(page.log.open, 0)
    await page.connect()
    page.message(1)
    assert.deepEqual(page.got, [1])
  })

  test("stop delivers what was held", async () => {
    const page = await standby()
    page.lose()
    page.log.isUp = false
    await page.pass(1500)
    await page.connect()
    page.message(1)
    assert.deepEqual(page.got, [])
    page.stop()
    assert.deepEqual(page.got, [1])
  })

  test("names invalid arguments", () => {
    assert.throws(() => set.rescue(), { name: "TypeError", message: /pusher/ })
    assert.throws(() => set.rescue({}, {}), { name: "TypeError", message: /pusher/ })
    const page = new Page(set)
    page.stop()
    assert.throws(() => set.rescue(page.pusher, { url: 1 }), { name: "TypeError", message: /url/ })
    assert.equal(Object.hasOwn(page.pusher, "subscribe") && page.pusher.subscribe.name === "ours", false)
  })
})
