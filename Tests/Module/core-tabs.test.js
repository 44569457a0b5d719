// SPDX-License-Identifier: MIT
// Several tabs of one origin, in each version of the module.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

for (const kind of kinds) describe(`tabs, ${kind}`, () => {
  const open = async (world, channels = [A], options, tabOptions) => {
    const tab = world.tab(tabOptions), gateway = tab.connect(options)
    const chats = channels.map((name) => gateway.subscribe(name)), got = chats.map(collect)
    await world.pass(500)
    return { tab, gateway, chats, got }
  }

  test("six tabs have one stream, and each gets every event once", async () => {
    const world = new World(kind), log = world.gateway, tabs = []
    for (let n = 0; n < 6; n++) tabs.push(await open(world))
    assert.equal(log.open.size, 1)
    for (let n = 1; n <= 50; n++) log.publish(A, n)
    await world.pass(1000)
    for (const { got, gateway } of tabs) assert.deepEqual([got[0].names(), gateway.state, gateway.position], [numbers(1, 50), "live", "aa-50"])
  })

  test("a tab with another channel joins without loss in the others", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world, [A])
    let n = 0
    const publish = async (count) => {
      for (let step = 0; step < count; step++) {
        log.publish(A, ++n)
        log.publish(B, n)
        await new Promise((done) => setImmediate(done))
      }
    }
    await publish(20)
    const opening = open(world, [B])
    await publish(40)
    const second = await opening
    await world.pass(2000)
    await publish(5)
    await world.pass(100)
    assert.equal(log.open.size, 1)
    assert.deepEqual(first.got[0].names(), numbers(1, 65))
    const b = second.got[0].names()
    assert.deepEqual(b, numbers(1, 65).slice(-b.length))
    assert.ok(b.length >= 5 && b.length < 65, String(b.length))
  })

  test("if the leading tab closes, another one continues; nothing is lost or repeated", async () => {
    const world = new World(kind), log = world.gateway, tabs = []
    for (const channels of [[A], [A, B], [B], [A]]) tabs.push(await open(world, channels))
    let n = 0
    const publish = (count) => {
      for (let step = 0; step < count; step++) {
        log.publish(A, ++n)
        log.publish(B, n)
      }
    }
    publish(10)
    await world.pass(100)
    for (let left = 4; left > 1; left--) {
      publish(3)
      tabs.shift().tab.close()
      publish(3)
      await world.pass(50)
      publish(3)
      await world.pass(1000)
      assert.equal(log.open.size, 1, `${left - 1} tabs`)
      for (const { got, gateway } of tabs) {
        for (const each of got) assert.deepEqual(each.names(), numbers(1, n))
        assert.equal(gateway.state, "live")
      }
    }
  })

  test("a tab that takes over while the gateway is away continues when it is back", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world)
    log.lives = false
    log.closeAll()
    await world.pass(5000)
    log.publish(A, 1)
    first.tab.close()
    await world.pass(30000)
    assert.equal(second.gateway.state, "waiting")
    log.lives = true
    await world.pass(21000)
    assert.deepEqual([second.gateway.state, second.got[0].names()], ["live", [1]])
  })

  test("the others have the leading tab's state", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world)
    log.network = (request) => request.path === "/events" ? "hang" : undefined
    log.closeAll()
    await world.pass(8000)
    assert.deepEqual([first.gateway.transport, second.gateway.transport, second.gateway.state], ["longpoll", "longpoll", "live"])
  })

  test("a tab in the back/forward cache hands over, and continues at its position", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world)
    log.publish(A, 1)
    await world.pass(10)
    first.tab.fire("pagehide", { persisted: true })
    await world.pass(1000)
    assert.equal(log.open.size, 1)
    log.publish(A, 2)
    await world.pass(10)
    first.tab.fire("pageshow", { persisted: true })
    await world.pass(1000)
    log.publish(A, 3)
    await world.pass(10)
    assert.deepEqual([first.got[0].names(), second.got[0].names(), log.open.size], [[1, 2, 3], [1, 2, 3], 1])
  })

  test("a page that was left does not speak to the others", async () => {
    const world = new World(kind)
    const first = await open(world), second = await open(world)
    second.tab.fire("pagehide", { persisted: true })
    second.chats[0].unsubscribe()
    second.gateway.subscribe(B)
    second.tab.fire("online")
    await world.pass(1000)
    assert.deepEqual(world.uncaught, [])
    assert.deepEqual([...world.gateway.open].map(({ channels }) => channels), [[A]])
    assert.equal(first.gateway.state, "live")
  })

  test("a follower that wakes up wakes the leading tab", async () => {
    const world = new World(kind), log = world.gateway
    await open(world)
    const second = await open(world)
    for (const stream of log.open) log.open.delete(stream) // no byte comes any more
    await world.pass(21000)
    log.publish(A, 1)
    second.tab.fire("visibilitychange")
    await world.pass(100)
    assert.deepEqual([second.got[0].names(), log.open.size], [[1], 1])
  })

  test("channels that no tab has are given up", async () => {
    const world = new World(kind), log = world.gateway
    await open(world, [A])
    const second = await open(world, [B])
    await world.pass(1000)
    assert.deepEqual([...log.open][0].channels, [A, B])
    second.chats[0].unsubscribe()
    await world.pass(1000)
    assert.deepEqual([...log.open].map(({ channels }) => channels), [[A]])
    const third = await open(world, [B])
    await world.pass(1000)
    third.tab.fire("pagehide", { persisted: false })
    third.tab.close()
    await world.pass(1000)
    assert.deepEqual([...log.open].map(({ channels }) => channels), [[A]])
  })

  test("without Web Locks or BroadcastChannel, or with tabs: false, each tab has its own stream", async () => {
    for (const [options, tabOptions] of [[undefined, { locks: false }], [undefined, { channels: false }], [{ tabs: false }]]) {
      const world = new World(kind), log = world.gateway
      const first = await open(world, [A], options, tabOptions), second = await open(world, [A], options, tabOptions)
      assert.equal(log.open.size, 2)
      log.publish(A, 1)
      await world.pass(10)
      assert.deepEqual([first.got[0].names(), second.got[0].names()], [[1], [1]])
    }
  })

  test("if the page may not use locks, it connects alone", async () => {
    const world = new World(kind)
    world.locks.get = () => { throw Object.assign(new Error("no"), { name: "SecurityError" }) }
    const { got, gateway } = await open(world)
    world.gateway.publish(A, 1)
    await world.pass(10)
    assert.deepEqual([gateway.state, got[0].names()], ["live", [1]])
  })

  test("tabs with different users do not share a stream", async () => {
    const world = new World(kind), log = world.gateway
    await open(world, [A], { user: "u1" })
    await open(world, [A], { user: "u2" })
    assert.deepEqual([...log.open].map(({ user }) => user).sort(), ["u1", "u2"])
  })

  test("close leaves the group to the others", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world)
    first.gateway.close()
    await world.pass(1000)
    log.publish(A, 1)
    await world.pass(10)
    assert.deepEqual([log.open.size, first.got[0].names(), second.got[0].names()], [1, [], [1]])
  })

  test("a tab whose channels do not fit beside the others' connects alone, and joins them again when they fit", async () => {
    const world = new World(kind), log = world.gateway
    // The limit ends the test if the requests have no pause.
    log.network = () => log.requests.length > 2000 ? "hang" : undefined
    const names = (from, to) => numbers(from, to).map((n) => "presence-" + n)
    const first = await open(world, names(1, 40)), second = await open(world, names(41, 80))
    await world.pass(1000)
    const third = await open(world, names(71, 130))
    await world.pass(5000)
    assert.deepEqual([...log.open].map(({ channels }) => channels.length).sort(), [60, 80])
    for (const n of numbers(1, 130)) log.publish("presence-" + n, n)
    await world.pass(5000)
    for (const [{ gateway, got }, from, to] of [[first, 1, 40], [second, 41, 80], [third, 71, 130]]) {
      assert.equal(gateway.state, "live")
      assert.deepEqual(got.map((each) => each.names()), numbers(from, to).map((n) => [n]))
    }
    assert.ok(log.requests.length < 500, String(log.requests.length))
    third.tab.fire("pagehide", { persisted: true })
    for (const chat of second.chats) chat.unsubscribe()
    await world.pass(1000)
    third.tab.fire("pageshow", { persisted: true })
    await world.pass(5000)
    assert.deepEqual([...log.open].map(({ channels }) => channels.length), [100])
    log.publish("presence-130", 131)
    await world.pass(100)
    assert.deepEqual(third.got.at(-1).names(), [130, 131])
  })

  test("the tab that leads keeps its own channels if those of all tabs become too many", async () => {
    const world = new World(kind), log = world.gateway
    log.network = () => log.requests.length > 2000 ? "hang" : undefined
    const names = (from, to) => numbers(from, to).map((n) => "presence-" + n)
    const first = await open(world, names(1, 40)), second = await open(world, names(41, 100))
    assert.equal(log.open.size, 1)
    const more = collect(first.gateway.subscribe("presence-101"))
    await world.pass(5000)
    assert.deepEqual([...log.open].map(({ channels }) => channels.length).sort(), [41, 60])
    log.publish("presence-101", 1)
    log.publish("presence-100", 2)
    await world.pass(100)
    assert.deepEqual([more.names(), second.got.at(-1).names()], [[1], [2]])
  })

  test("if the leading tab is suspended with its lock, another one continues; after that it follows", async () => {
    const world = new World(kind), log = world.gateway, tabs = []
    for (let n = 0; n < 4; n++) tabs.push(await open(world))
    const [first, ...others] = tabs
    log.publish(A, 1)
    await world.pass(20000)
    first.tab.suspend()
    log.publish(A, 2)
    await world.pass(60000)
    for (const { gateway, got } of others) assert.deepEqual([gateway.state, got[0].names()], ["live", [1, 2]])
    assert.equal(log.open.size, 2)
    log.publish(A, 3)
    await world.pass(1000)
    first.tab.resume()
    await world.pass(5000)
    log.publish(A, 4)
    await world.pass(1000)
    for (const { gateway, got } of tabs) assert.deepEqual([gateway.state, got[0].names()], ["live", [1, 2, 3, 4]])
    assert.equal(log.open.size, 1)
    // The lock goes to the next tab as before.
    others.find(({ tab }) => tab === [...log.open][0].tab).tab.close()
    log.publish(A, 5)
    await world.pass(1000)
    assert.deepEqual([log.open.size, first.got[0].names()], [1, [1, 2, 3, 4, 5]])
    assert.deepEqual(world.uncaught, [])
  })

  test("a hidden tab, or one without a channel, does not replace a suspended one", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world), third = await open(world, [])
    second.tab.document.hidden = true
    first.tab.suspend()
    await world.pass(120000)
    assert.deepEqual([...log.open].map(({ tab }) => tab === first.tab), [true])
    second.tab.document.hidden = false
    await world.pass(60000)
    assert.deepEqual([...log.open].map(({ tab }) => tab === second.tab), [false, true])
    assert.equal(third.gateway.state, "connecting")
  })

  test("a leading tab keeps its lock for hours: on streams, on polls, and while it waits as long as the gateway says", async () => {
    const world = new World(kind), log = world.gateway
    const first = await open(world), second = await open(world)
    const ofSecond = () => log.requests.filter(({ tab }) => tab === second.tab).length, before = ofSecond()
    await world.pass(7200000)
    log.network = ({ path, wait }) => path === "/events" || wait ? "hang" : undefined
    log.closeAll()
    await world.pass(600000)
    assert.deepEqual([first.gateway.transport, second.gateway.transport], ["poll", "poll"])
    const busy = { status: 503, headers: { "retry-after": "300" }, text: JSON.stringify({ error: "busy", message: "Later." }) }
    log.network = () => busy
    await world.pass(3600000)
    assert.deepEqual([first.gateway.state, second.gateway.state, ofSecond()], ["waiting", "waiting", before])
  })
})
