// SPDX-License-Identifier: MIT
// What the listeners of a page receive, in each version of the module.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"

for (const kind of kinds) describe(`delivery, ${kind}`, () => {
  const begin = async (options, start) => {
    const world = new World(kind), tab = world.tab(), gateway = tab.connect(options), chat = gateway.subscribe(A, start), got = collect(chat)
    await world.pass(500)
    return { world, tab, gateway, chat, got, log: world.gateway }
  }

  test("a subscription is one poll, and then a stream at its position", async () => {
    const { gateway, got, log } = await begin()
    log.publish(A, 1)
    await log.world.settle()
    assert.deepEqual(log.requests.map(({ path, after }) => [path, after]), [["/poll", null], ["/events", "aa-0"]])
    assert.equal(gateway.state, "live")
    assert.equal(gateway.transport, "stream")
    assert.equal(gateway.position, "aa-1")
    assert.deepEqual(got.names(), [1])
    assert.deepEqual(got.at(-1), { id: "aa-1", time: "2026-03-02T09:01:10.412Z", channel: A, event: "new-message", data: { n: 1 } })
  })

  test("nothing from before the subscription is delivered without after or last", async () => {
    const world = new World(kind), log = world.gateway
    log.publish(A, 1)
    const chat = world.tab().connect().subscribe(A), got = collect(chat)
    await world.pass(500)
    log.publish(A, 2)
    await world.settle()
    assert.deepEqual(got.names(), [2])
  })

  test("after continues behind a position, and last begins with the last events", async () => {
    for (const [start, expected] of [[{ after: "aa-1" }, [2, 3, 4]], [{ after: "earliest" }, [1, 2, 3, 4]], [{ last: 2 }, [2, 3, 4]]]) {
      const world = new World(kind), log = world.gateway
      for (const n of [1, 2, 3]) log.publish(A, n)
      const chat = world.tab().connect().subscribe(A, start), got = collect(chat)
      await world.pass(500)
      log.publish(A, 4)
      await world.pass(500)
      assert.deepEqual(got.names(), expected, JSON.stringify(start))
    }
  })

  test("a channel that joins loses and repeats nothing of the others, and gets nothing older", async () => {
    const { world, gateway, got, log } = await begin()
    for (let n = 1; n <= 3; n++) log.publish(B, n)
    const other = collect(gateway.subscribe(B))
    let n = 10
    for (let step = 0; step < 40; step++) {
      log.publish(A, n++)
      await new Promise((done) => setImmediate(done))
      log.publish(B, n++)
      if (step % 4 === 0) await world.pass(10)
    }
    await world.pass(5000)
    log.publish(A, "last")
    await world.pass(100)
    assert.deepEqual(got.names(), [...Array(40).keys()].map((index) => 10 + 2 * index).concat("last"))
    const b = other.names()
    assert.ok(b.length > 30)
    assert.deepEqual(b, [...Array(40).keys()].map((index) => 11 + 2 * index).slice(-b.length))
    assert.equal(log.open.size, 1)
  })

  test("channels may have different positions", async () => {
    const world = new World(kind), log = world.gateway
    for (let n = 1; n <= 6; n++) log.publish(n % 2 ? A : B, n)
    const gateway = world.tab().connect()
    const a = collect(gateway.subscribe(A, { after: "aa-4" })), b = collect(gateway.subscribe(B, { after: "aa-1" }))
    await world.pass(1000)
    log.publish(A, 7)
    log.publish(B, 8)
    await world.pass(1000)
    assert.deepEqual([a.names(), b.names()], [[5, 7], [2, 4, 6, 8]])
  })

  test("a stream that is cut every three seconds for a minute loses and repeats nothing", async () => {
    const { world, got, log } = await begin()
    let n = 0
    for (let second = 0; second < 60; second++) {
      if (second % 3 === 0) log.closeAll()
      log.publish(A, ++n)
      await world.pass(500)
      log.publish(A, ++n)
      await world.pass(500)
    }
    await world.pass(5000)
    assert.deepEqual(got.names(), [...Array(120).keys()].map((index) => index + 1))
  })

  test("an event that arrives again is not delivered again", async () => {
    const { world, got, log } = await begin()
    log.publish(A, 1)
    await world.settle()
    for (const stream of log.open) {
      stream.push(`event: new-message\ndata: ${JSON.stringify(log.form(1))}\n\n`)
      stream.push(`event: new-message\ndata: ${JSON.stringify(log.form(1))}\n\n`)
    }
    log.publish(A, 2)
    await world.settle()
    assert.deepEqual(got.names(), [1, 2])
  })

  test("a listener that throws disturbs no other, and its error is reported", async () => {
    const { world, chat, got, log, gateway } = await begin()
    chat.on("new-message", () => { throw new Error("page") })
    gateway.on("state", () => { throw new Error("page state") })
    const later = []
    chat.on("new-message", (data, event) => later.push([data.n, event.id]))
    log.publish(A, 1)
    log.closeAll()
    await world.pass(5000)
    log.publish(A, 2)
    await world.pass(100)
    assert.deepEqual(got.names(), [1, 2])
    assert.deepEqual(later, [[1, "aa-1"], [2, "aa-2"]])
    assert.ok(world.uncaught.filter(({ message }) => message === "page").length === 2)
  })

  test("members follow snapshots and events; me is null if the gateway does not tell it", async () => {
    const { world, chat, log } = await begin()
    assert.deepEqual([chat.members.size, chat.me], [0, null])
    log.members[A] = { u1: { name: "Anne" }, u2: {} }
    log.me[A] = "u1"
    log.closeAll()
    await world.pass(4000)
    assert.deepEqual([...chat.members], [["u1", { name: "Anne" }], ["u2", {}]])
    assert.equal(chat.me, "u1")
    const before = chat.members
    log.publish(A, 0, "pusher:member_added", { user_id: "u3", user_info: null })
    log.publish(A, 0, "pusher:member_removed", { user_id: "u2" })
    await world.pass(100)
    assert.deepEqual([...chat.members], [["u1", { name: "Anne" }], ["u3", null]])
    assert.notEqual(chat.members, before)
  })

  test("a reader of a private channel is known from its first poll", async () => {
    const world = new World(kind)
    world.gateway.me["private-bail-1"] = "u1"
    world.gateway.network = (request) => request.path === "/events" ? "hang" : undefined
    const chat = world.tab().connect().subscribe("private-bail-1")
    await world.pass(500)
    assert.deepEqual([chat.me, chat.members.size], ["u1", 0])
  })

  test("an outage of Channels is told while it lasts, as state and not as an event of a channel", async () => {
    const { world, gateway, got, log } = await begin()
    const states = []
    gateway.on("state", ({ state, upstream }) => states.push([state, upstream]))
    // The form of the gateway: without position and channel.
    const tell = async (data) => {
      const event = { time: "2026-03-02T09:00:01.000Z", event: "passerelle:upstream", data: { ...data, since: "2026-03-02T09:00:00.000Z" } }
      for (const stream of log.open) stream.push(`event: passerelle:upstream\ndata: ${JSON.stringify(event)}\n\n`)
      await world.settle()
    }
    await tell({ state: "away" })
    assert.equal(gateway.upstream, "away")
    await tell({ state: "connected" })
    assert.deepEqual(states, [["live", "away"], ["live", "connected"]])
    assert.deepEqual([got.names(), gateway.position], [[], "aa-0"])
  })

  test("an application's own field upstream does not change the state", async () => {
    const { world, gateway, log } = await begin()
    log.publish(A, 0, "new-message", { upstream: "away", state: "away" })
    await world.pass(100)
    assert.deepEqual([gateway.state, gateway.upstream], ["live", "connected"])
  })

  test("unsubscribe is counted, and the last one ends the subscription", async () => {
    const { world, gateway, chat, got, log } = await begin()
    assert.equal(gateway.subscribe(A), chat)
    chat.unsubscribe()
    log.publish(A, 1)
    await world.pass(100)
    assert.deepEqual(got.names(), [1])
    chat.unsubscribe()
    chat.unsubscribe()
    await world.pass(1000)
    assert.equal(log.open.size, 0)
    log.publish(A, 2)
    const again = collect(gateway.subscribe(A))
    await world.pass(1000)
    log.publish(A, 3)
    await world.pass(100)
    assert.deepEqual([got.names(), again.names()], [[1], [3]])
  })

  test("subscribe, unsubscribe and subscribe in one task is one request", async () => {
    const world = new World(kind), gateway = world.tab().connect()
    gateway.subscribe(A).unsubscribe()
    const got = collect(gateway.subscribe(A))
    await world.pass(500)
    assert.equal(world.gateway.of("/poll").length, 1)
    assert.equal(world.gateway.of("/events").length, 1)
    world.gateway.publish(A, 1)
    await world.pass(10)
    assert.deepEqual(got.names(), [1])
  })

  test("a refused channel gets an error, and the others go on", async () => {
    const { world, gateway, got, log } = await begin()
    const refused = collect(gateway.subscribe("presence-forbidden"))
    await world.pass(1000)
    assert.deepEqual(refused.map(({ event, data }) => [event, data]), [["pusher:subscription_error", { status: 403, message: "This channel is not served." }]])
    assert.equal(gateway.state, "live")
    log.publish(A, 1)
    await world.pass(100)
    assert.deepEqual(got.names(), [1])
  })

  test("close ends everything", async () => {
    const { world, gateway, got, log, tab } = await begin()
    const states = []
    gateway.on("state", ({ state }) => states.push(state))
    gateway.close()
    gateway.close()
    log.publish(A, 1)
    const before = log.requests.length
    await world.pass(100000)
    assert.deepEqual([states, got.names(), log.open.size, log.requests.length], [["closed"], [], 0, before])
    assert.throws(() => gateway.subscribe(B), TypeError)
    assert.equal([...tab.listeners.values()].reduce((sum, set) => sum + set.size, 0), 0)
  })

  test("close during the first request is the last state", async () => {
    const world = new World(kind), gateway = world.tab().connect(), states = []
    gateway.on("state", ({ state }) => states.push(state))
    world.gateway.network = () => "hang"
    gateway.subscribe(A)
    await world.pass(100)
    gateway.close()
    await world.pass(60000)
    assert.deepEqual([states, gateway.state], [["closed"], "closed"])
  })

  test("events may have the names of an object's own properties", async () => {
    const { world, chat, got, log } = await begin()
    const names = ["constructor", "__proto__", "toString"], heard = []
    for (const name of names) chat.off(name).on(name, (_, { event }) => heard.push(event))
    for (const name of names) log.publish(A, name, name)
    await world.pass(100)
    assert.deepEqual([got.names(), heard, world.uncaught], [names, names, []])
  })

  test("invalid arguments are named", async () => {
    const { tab, gateway, chat } = await begin()
    const cases = [
      [() => tab.connect({ url: 5 }), /url/], [() => tab.connect({ url: "" }), /url/], [() => tab.connect({ url: "http://[" }), /url/i],
      [() => tab.connect({ token: "x" }), /token/], [() => tab.connect({ headers: {} }), /headers/], [() => tab.connect({ sync: 1 }), /sync/],
      [() => tab.connect({ user: 7 }), /user/], [() => tab.connect({ tabs: "no" }), /tabs/],
      [() => gateway.subscribe(), /channel/], [() => gateway.subscribe("a b"), /channel/], [() => gateway.subscribe("x".repeat(165)), /channel/],
      [() => gateway.subscribe(A, { after: 5 }), /after/], [() => gateway.subscribe(A, { after: "" }), /after/],
      [() => gateway.subscribe(A, { last: -1 }), /last/], [() => gateway.subscribe(A, { last: 1001 }), /last/], [() => gateway.subscribe(A, { last: 1.5 }), /last/], [() => gateway.subscribe(A, { last: "3" }), /last/],
      [() => gateway.on("state"), /listener/], [() => gateway.on(1, () => {}), /event/], [() => chat.on("", () => {}), /event/], [() => chat.on("x", {}), /listener/],
    ]
    for (const [run, name] of cases) assert.throws(run, (error) => error instanceof TypeError && name.test(error.message), String(run))
    await assert.rejects(chat.send(""), (error) => error instanceof TypeError && /event/.test(error.message))
    await assert.rejects(chat.send("client-typing", 5), (error) => error instanceof TypeError && /data/.test(error.message))
    await assert.rejects(chat.send("client-typing", null), (error) => error instanceof TypeError && /data/.test(error.message))
    gateway.subscribe(A, { last: 0 })
    gateway.subscribe(A, { last: 1000 })
    gateway.subscribe("x".repeat(164))
  })

  test("a page has at most 100 channels", async () => {
    const world = new World(kind), gateway = world.tab().connect()
    for (let n = 1; n <= 100; n++) gateway.subscribe(`presence-bail-${n}`)
    assert.throws(() => gateway.subscribe("presence-bail-101"), /channel/)
    gateway.subscribe("presence-bail-100")
  })
})
