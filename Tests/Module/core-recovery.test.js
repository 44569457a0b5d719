// SPDX-License-Identifier: MIT
// What is delivered and stated while requests fail, are late, or are refused for a time, in each version of the module.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { scripted } from "./support/fake-gateway.js"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"
const refusal = (status, body, headers) => ({ status, headers: { "content-type": "application/json", ...headers }, text: JSON.stringify({ error: "refused", message: "No.", ...body }) })

for (const kind of kinds) describe(`recovery, ${kind}`, () => {
  const open = async (world, options, channel = A) => {
    const tab = world.tab(), gateway = tab.connect(options), states = [], chat = gateway.subscribe(channel), got = collect(chat)
    gateway.on("state", (change) => states.push(change))
    await world.pass(500)
    return { tab, gateway, chat, got, states }
  }

  test("if the poll for missed events is refused, a later one brings them, in order", async () => {
    for (const status of [401, 403]) {
      const world = new World(kind), log = world.gateway
      await open(world)
      const { tab, got, gateway } = await open(world)
      tab.fire("pagehide", { persisted: true })
      log.publish(A, 1)
      log.publish(A, 2)
      await world.pass(500)
      let answer
      log.network = (request) => request.tab === tab ? new Promise((resolve) => { answer = () => resolve(refusal(status)) }) : undefined
      tab.fire("pageshow", { persisted: true })
      await world.pass(500)
      log.publish(A, 3)
      await world.pass(500)
      answer()
      await world.pass(500)
      assert.ok(got.names().includes("pusher:subscription_error"))
      log.network = () => undefined
      tab.fire("visibilitychange")
      await world.pass(1000)
      log.publish(A, 4)
      await world.pass(1000)
      assert.deepEqual(got.names().filter(Number), [1, 2, 3, 4], String(status))
      assert.equal(gateway.position, "aa-4")
    }
  })

  test("a stream of another type that never ends is not the gateway's", async () => {
    const world = new World(kind), log = world.gateway
    log.network = ({ path }) => path === "/events" ? { ...scripted("<html>", "wait"), headers: { "content-type": "text/html" } } : undefined
    const { gateway, got, states } = await open(world)
    await world.pass(3000)
    assert.deepEqual([gateway.transport, log.of("/events").length], ["longpoll", 2])
    assert.deepEqual(states.filter(({ reason }) => reason).map(({ reason }) => reason), ["foreign", "foreign"])
    log.publish(A, 1)
    await world.pass(500)
    assert.deepEqual(got.names(), [1])
  })

  test("a stream has 4 s for its first byte, and its status takes part of them", async () => {
    const world = new World(kind), log = world.gateway
    log.network = ({ path }) => path === "/events" ? new Promise((resolve) => world.setTimeout(() => resolve(scripted()), 3000)) : undefined
    const { gateway } = await open(world)
    await world.pass(3400)
    assert.equal(gateway.transport, "stream")
    await world.pass(200)
    assert.equal(gateway.transport, "longpoll")
  })

  test("a page that is suspended while its stream opens keeps its transport", async () => {
    const world = new World(kind), log = world.gateway
    let isAway = true
    log.network = ({ path }) => path === "/events" && isAway ? "hang" : undefined
    const { tab, gateway } = await open(world)
    tab.suspend()
    await world.pass(15000)
    isAway = false
    tab.resume()
    await world.pass(1000)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "stream"])
  })

  test("each state has a name, also before the first answer", async () => {
    const world = new World(kind), log = world.gateway
    log.network = ({ path }) => path === "/events" ? "hang" : undefined
    const { gateway, states } = await open(world)
    gateway.subscribe(A)
    await world.pass(500)
    assert.deepEqual([gateway.state, gateway.transport, states], ["connecting", "stream", []])
    await world.pass(6000)
    assert.deepEqual(states.map(({ state }) => state), ["connecting", "live"])
  })

  test("within a listener, the position is that of its event", async () => {
    const world = new World(kind), log = world.gateway
    const { gateway, chat } = await open(world), positions = []
    chat.on("new-message", (_, { id }) => positions.push([id, gateway.position]))
    log.closeAll()
    for (let n = 1; n <= 3; n++) log.publish(A, n)
    await world.pass(2000)
    log.publish(A, 4)
    await world.pass(500)
    assert.deepEqual(positions, [1, 2, 3, 4].map((n) => ["aa-" + n, "aa-" + n]))
  })

  test("the members of an answer that are older than its events do not move the position", async () => {
    const world = new World(kind), log = world.gateway
    const { gateway, chat } = await open(world), positions = []
    log.publish(A, 1)
    await world.pass(100)
    chat.on("*", (_, { event }) => positions.push([event, gateway.position]))
    log.network = ({ path }) => path === "/events" ? "reset"
      : { status: 200, text: JSON.stringify({ position: "aa-2", members: { [A]: { count: 0, ids: [], hash: {} } }, events: [{ id: "aa-2", channel: A, event: "x" }] }) }
    log.closeAll()
    await world.pass(3000)
    assert.deepEqual(positions.slice(0, 2), [["pusher:subscription_succeeded", "aa-1"], ["x", "aa-2"]])
  })

  test("an answer of another server does not set the status or the wait", async () => {
    const world = new World(kind), log = world.gateway
    const { gateway, chat } = await open(world)
    log.network = () => refusal(502, { status: 401, retry_ms: 250000 })
    log.closeAll()
    await world.pass(3000)
    assert.deepEqual([gateway.state, gateway.reason], ["waiting", "refused"])
    let error
    chat.send("client-typing").catch((reason) => { error = reason })
    await world.pass(100)
    assert.deepEqual([error.status, error.reason, error.message], [502, "refused", "No."])
    log.network = () => undefined
    await world.pass(21000)
    assert.equal(gateway.state, "live")
  })

  test("a 401 or 403 that is not the gateway's is no refusal", async () => {
    for (const body of [{ message: "Forbidden" }, { error: "Forbidden" }, { error: "", message: "no" }, null]) {
      const world = new World(kind), log = world.gateway
      const { gateway, got } = await open(world)
      log.network = () => ({ status: 403, text: JSON.stringify(body) })
      log.closeAll()
      gateway.subscribe(B)
      await world.pass(30000)
      assert.equal(gateway.state, "waiting", JSON.stringify(body))
      log.network = () => undefined
      log.publish(A, 1)
      await world.pass(21000)
      assert.deepEqual([gateway.state, got.names()], ["live", [1]])
    }
  })

  test("another subscribe does not shorten the wait that the gateway asked for", async () => {
    const world = new World(kind), log = world.gateway
    const { gateway } = await open(world)
    await world.pass(60000)
    log.network = () => refusal(503, {}, { "retry-after": "200" })
    log.closeAll()
    await world.pass(30000)
    const before = log.requests.length
    gateway.subscribe(A)
    await world.pass(150000)
    assert.deepEqual([gateway.state, log.requests.length], ["waiting", before])
  })

  test("each wake-up counts, also beside a subscribe or another one", async () => {
    const world = new World(kind), log = world.gateway
    log.network = ({ path }) => path === "/events" ? "hang" : undefined
    const { tab, gateway } = await open(world)
    await world.pass(10000)
    assert.equal(gateway.transport, "longpoll")
    let probes = log.of("/events").length
    tab.fire("visibilitychange")
    tab.fire("online")
    await world.pass(100)
    assert.equal(log.of("/events").length, probes + 1)
    await world.pass(20000)
    log.network = () => "hang"
    log.waiting.forEach((poll) => poll.answer())
    await world.pass(22000)
    const before = log.requests.length
    gateway.subscribe(A)
    tab.fire("visibilitychange")
    await world.pass(100)
    assert.equal(log.requests.length, before + 1)
  })

  test("close() ends the connection, whatever the names of the channels", async () => {
    for (const name of ["undefined", "null", "0", "false"]) {
      const world = new World(kind), log = world.gateway
      const { gateway } = await open(world, {}, name)
      assert.equal(log.open.size, 1)
      gateway.close()
      await world.pass(60000)
      assert.deepEqual([log.open.size, log.requests.length], [0, 2], name)
    }
  })

  test("tabs with other builds of the module share one connection, and wait with it", async () => {
    const other = kinds.find((each) => each !== kind)
    const world = new World(kind), log = world.gateway, messages = []
    const first = await open(world), [key] = world.buses.keys()
    world.buses.get(key).add({ tab: { run: (call) => call() }, onmessage: ({ data }) => messages.push(data) })
    world.kind = other
    const second = await open(world, {}, B)
    log.publish(A, 1)
    log.publish(B, 2)
    await world.pass(500)
    assert.deepEqual([first.got.names(), second.got.names(), log.open.size], [[1], [2], 1])
    log.network = () => refusal(503, {}, { "retry-after": "200" })
    log.closeAll()
    await world.pass(1000)
    const own = () => log.requests.filter(({ tab }) => tab === second.tab).length, before = own()
    await world.pass(400000)
    assert.deepEqual([second.gateway.state, own()], ["waiting", before])
    const known = ["from", "to", "set", "events", "delay", "status", "tab", "want", "type"]
    assert.deepEqual([...new Set(messages.flatMap(Object.keys))].filter((name) => !known.includes(name)), [])
    for (const value of Object.values(first.tab.storage)) assert.match(value, /^[012],\d+$/)
  })
})
