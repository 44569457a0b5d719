// SPDX-License-Identifier: MIT
// How the module behaves in hostile networks, in each version.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { scripted } from "./support/fake-gateway.js"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"
const refusal = (status, error, headers) => ({ status, headers: { "content-type": "application/json", ...headers }, text: JSON.stringify({ error, message: error }) })
const page = (status = 200) => ({ status, headers: { "content-type": "text/html" }, text: "<html>no</html>" })

for (const kind of kinds) describe(`transport, ${kind}`, () => {
  const begin = async (network, options, pass = 500) => {
    const world = new World(kind), tab = world.tab(options)
    if (network) world.gateway.network = network
    const gateway = tab.connect(options), states = []
    gateway.on("state", (change) => states.push(change))
    const chat = gateway.subscribe(A), got = collect(chat)
    await world.pass(pass)
    return { world, tab, gateway, chat, got, states, log: world.gateway }
  }
  const ofStreams = (answer) => (request) => request.path === "/events" ? answer(request) : undefined

  test("a stream without a byte for 4 s is given up for long polls, and no event is lost", async () => {
    const { world, gateway, got, log } = await begin(ofStreams(() => "hang"))
    log.publish(A, 1)
    await world.pass(3499)
    assert.equal(gateway.transport, "stream")
    assert.deepEqual(got.names(), [])
    await world.pass(1)
    assert.equal(gateway.transport, "longpoll")
    assert.deepEqual(got.names(), [1])
    log.publish(A, 2)
    await world.pass(200)
    assert.deepEqual(got.names(), [1, 2])
    assert.equal(gateway.state, "live")
    assert.equal(log.of("/poll").at(-1).wait, 25)
  })

  test("a stream whose bytes stop is given up after 35 s", async () => {
    const { world, gateway } = await begin(ofStreams(() => scripted("retry: 1000\n\n")))
    await world.pass(34400)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "stream"])
    await world.pass(200)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "longpoll"])
  })

  test("if streams are answered by another server, two answers are enough", async () => {
    for (const answer of [page(), page(502), page(403), refusal(200, "x"), { status: 200, headers: { "content-type": "text/plain" }, text: "" }]) {
      const { world, gateway, got, log } = await begin(ofStreams(() => answer), {}, 5000)
      assert.equal(gateway.transport, "longpoll")
      assert.equal(log.of("/events").length, 2)
      log.publish(A, 1)
      await world.pass(500)
      assert.deepEqual(got.names(), [1])
    }
  })

  test("if streams are reset while polls pass, three are enough", async () => {
    const { world, gateway, log, got } = await begin(ofStreams(() => "reset"), {}, 20000)
    assert.equal(gateway.transport, "longpoll")
    assert.equal(log.of("/events").length, 3)
    log.publish(A, 1)
    await world.pass(500)
    assert.deepEqual(got.names(), [1])
  })

  test("a restart of the gateway does not change the transport", async () => {
    const { world, gateway, got, log, states } = await begin()
    log.lives = false
    log.closeAll()
    for (let n = 1; n <= 30; n++) {
      log.publish(A, n)
      await world.pass(10000)
    }
    assert.deepEqual([gateway.state, gateway.reason, gateway.transport], ["waiting", "network", "stream"])
    log.lives = true
    await world.pass(21000)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "stream"])
    assert.deepEqual(got.names(), [...Array(30).keys()].map((index) => index + 1))
    assert.deepEqual(states.map(({ state }) => state), ["live", "connecting", "waiting", "live"])
  })

  test("long polls that are swallowed are given up for plain polls", async () => {
    const network = (request) => request.path === "/events" || request.wait ? "hang" : undefined
    const { world, gateway, got, log } = await begin(network, {}, 120000)
    assert.equal(gateway.transport, "poll")
    log.publish(A, 1)
    await world.pass(2500)
    assert.deepEqual(got.names(), [1])
  })

  test("long polls learn the time limit of a proxy", async () => {
    const world = new World(kind), log = world.gateway
    log.network = (request) => request.path === "/events" ? "hang"
      : request.wait > 12 ? new Promise((resolve) => world.setTimeout(() => resolve(page(504)), 12000)) : undefined
    const gateway = world.tab().connect(), got = collect(gateway.subscribe(A))
    await world.pass(60000)
    assert.deepEqual([gateway.transport, log.of("/poll").at(-1).wait], ["longpoll", 9])
    log.publish(A, 1)
    await world.pass(200)
    assert.deepEqual(got.names(), [1])
  })

  test("the stream is probed after a minute, beside the polls, and used after 20 s of proof", async () => {
    let isBlocked = true
    const { world, gateway, got, log } = await begin(ofStreams(() => isBlocked ? "hang" : undefined), {}, 4500)
    assert.equal(gateway.transport, "longpoll")
    isBlocked = false
    await world.pass(59000)
    assert.equal(log.of("/events").length, 1)
    await world.pass(1000)
    assert.equal(log.of("/events").length, 2)
    log.publish(A, 1)
    await world.pass(19000)
    assert.equal(gateway.transport, "longpoll")
    await world.pass(15000)
    assert.equal(gateway.transport, "stream")
    assert.equal(log.open.size, 1)
    log.publish(A, 2)
    await world.pass(100)
    assert.deepEqual(got.names(), [1, 2])
  })

  test("probes that fail come after 2, 4, 8, 15 minutes, and at once when the network changes", async () => {
    const { world, tab, log } = await begin(ofStreams(() => "hang"), {}, 4500)
    await world.pass(32 * 60000)
    const times = log.of("/events").map(({ at }) => at), probing = 4000
    assert.deepEqual(times.slice(1).map((at, index) => (at - times[index] - probing) / 60000), [1, 2, 4, 8, 15])
    const before = log.of("/events").length
    tab.fire("online")
    await world.pass(100)
    assert.equal(log.of("/events").length, before + 1)
    await world.pass(15 * 60000)
    assert.equal(log.of("/events").length, before + 1)
    await world.pass(5000)
    assert.equal(log.of("/events").length, before + 2)
  })

  test("plain polls go back up to the stream, one step after the other", async () => {
    let isBlocked = true
    const { world, gateway, got, log } = await begin((request) => isBlocked && (request.path === "/events" || request.wait) ? "hang" : undefined, {}, 120000)
    assert.equal(gateway.transport, "poll")
    isBlocked = false
    const seen = new Set()
    for (let n = 1; n <= 300; n++) {
      log.publish(A, n)
      await world.pass(1000)
      seen.add(gateway.transport)
    }
    await world.pass(3000)
    assert.deepEqual([...seen], ["poll", "longpoll", "stream"])
    assert.deepEqual(got.names(), [...Array(300).keys()].map((index) => index + 1))
  })

  test("the choice is remembered for ten minutes", async () => {
    for (const [age, transport] of [[599000, "longpoll"], [600000, "stream"], [-1000, "stream"]]) {
      const world = new World(kind), storage = {}
      world.gateway.network = ofStreams(() => "hang")
      const first = world.tab({ storage })
      first.connect({ tabs: false }).subscribe(A)
      await world.pass(4000)
      first.close()
      world.skew += age
      const gateway = world.tab({ storage }).connect({ tabs: false })
      gateway.subscribe(A)
      await world.pass(100)
      assert.equal(gateway.transport, transport, String(age))
    }
  })

  test("a page that remembered long polls is live at the first answer", async () => {
    const world = new World(kind), storage = {}
    world.gateway.network = ofStreams(() => "hang")
    const first = world.tab({ storage })
    first.connect({ tabs: false }).subscribe(A)
    await world.pass(5000)
    first.close()
    const gateway = world.tab({ storage }).connect({ tabs: false })
    gateway.subscribe(A)
    await world.pass(100)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "longpoll"])
  })

  test("a browser that refuses the storage is no obstacle", async () => {
    const world = new World(kind)
    world.gateway.network = ofStreams(() => "hang")
    const storage = new Proxy({}, { get() { throw new Error("SecurityError") }, set() { throw new Error("SecurityError") } })
    const gateway = world.tab({ storage }).connect(), got = collect(gateway.subscribe(A))
    await world.pass(5000)
    world.gateway.publish(A, 1)
    await world.pass(100)
    assert.deepEqual([gateway.transport, got.names()], ["longpoll", [1]])
  })

  test("token() is called once, again after a 401, and then the state is denied", async () => {
    let calls = 0, valid = "t1"
    const network = (request) => request.headers.Authorization === `Bearer ${valid}` ? undefined : refusal(401, "invalid-token")
    const { world, gateway, got, log, states } = await begin(network, { token: async () => `t${++calls}` })
    assert.deepEqual([calls, gateway.state], [1, "live"])
    valid = "t2"
    for (const stream of log.open) stream.push('event: passerelle:denied\ndata: {"reason":"expired"}\n\n')
    log.publish(A, 1)
    await world.pass(5000)
    assert.deepEqual([calls, gateway.state, got.names()], [2, "live", [1]])
    valid = "none"
    log.closeAll()
    await world.pass(60000)
    assert.deepEqual([gateway.state, gateway.reason], ["denied", "invalid-token"])
    const { length } = log.requests
    await world.pass(600000)
    assert.equal(log.requests.length, length, "it stops")
    assert.equal(states.at(-1).state, "denied")
  })

  test("a denied page asks again when it wakes up, and goes on at its position", async () => {
    let isDenied = false
    const { world, tab, gateway, got, log } = await begin(() => isDenied ? refusal(403, "forbidden") : undefined)
    log.publish(A, 1)
    await world.settle()
    isDenied = true
    for (const stream of log.open) stream.push('event: passerelle:denied\ndata: {"reason":"revoked"}\n\n')
    await world.pass(60000)
    assert.equal(gateway.state, "denied")
    isDenied = false
    log.publish(A, 2)
    tab.fire("visibilitychange")
    await world.pass(5000)
    assert.equal(gateway.state, "live")
    log.publish(A, 3)
    await world.pass(100)
    assert.deepEqual(got.names(), [1, "pusher:subscription_error", 2, 3])
  })

  test("429 and 503 are obeyed", async () => {
    for (const status of [429, 503]) {
      let refuses = true
      const { world, gateway, log } = await begin(() => refuses ? refusal(status, "overloaded", { "retry-after": "7" }) : undefined)
      assert.deepEqual([gateway.state, gateway.reason], ["waiting", "overloaded"])
      await world.pass(6400)
      assert.equal(log.requests.length, 1)
      refuses = false
      await world.pass(4000)
      assert.equal(gateway.state, "live")
    }
  })

  test("a stream that says unavailable is obeyed", async () => {
    let refuses = true
    const { world, gateway, log, states } = await begin(ofStreams(() => refuses ? scripted('retry: 8000\n\nevent: passerelle:unavailable\ndata: {"reason":"too-many-streams","retry_ms":8000}\n\n') : undefined))
    assert.deepEqual([gateway.state, gateway.reason], ["waiting", "too-many-streams"])
    await world.pass(7400)
    assert.equal(log.of("/events").length, 1)
    refuses = false
    await world.pass(5000)
    assert.equal(gateway.state, "live")
    assert.deepEqual(states.map(({ state }) => state), ["waiting", "live"])
  })

  test("a lost stream is opened again after the gateway's retry", async () => {
    const { world, log } = await begin()
    log.closeAll()
    await world.pass(1990)
    assert.equal(log.of("/events").length, 1)
    await world.pass(1100)
    assert.equal(log.of("/events").length, 2)
  })

  test("answers of a cache are recognized and not used", async () => {
    const { world, gateway, log, got } = await begin()
    const urls = new Set(log.requests.map(({ url }) => url))
    assert.equal(urls.size, log.requests.length, "no URL is used twice")
    assert.ok(log.requests.every(({ cache }) => cache === "no-store"))
    const old = { status: 200, headers: { age: "60" }, text: '{"position":"aa-0","events":[],"retry_ms":1000}' }
    log.network = (request) => request.path === "/events" ? "hang" : old
    log.closeAll()
    await world.pass(60000)
    assert.deepEqual([gateway.state, gateway.reason], ["waiting", "stale"])
    log.network = () => undefined
    log.publish(A, 1)
    await world.pass(21000)
    assert.deepEqual([gateway.state, got.names()], ["live", [1]])
  })

  test("long polls that a cache answers at once do not become a storm", async () => {
    const { world, log } = await begin((request) => request.path === "/events" ? "hang"
      : request.wait ? { status: 200, headers: {}, text: '{"position":"aa-0","events":[],"retry_ms":100}' } : undefined, {}, 60000)
    assert.ok(log.requests.length < 60, String(log.requests.length))
    assert.equal(log.requests.at(-1).wait, 0)
  })

  test("a long poll that the gateway answers because of an outage is not a cache's answer", async () => {
    let upstream = "connected"
    const { world, gateway, states } = await begin((request) => request.path === "/events" ? "hang"
      : request.wait ? { status: 200, headers: {}, text: `{"position":"aa-0","events":[],"retry_ms":1000,"upstream":"${upstream = "away"}"}` } : undefined, {}, 4600)
    assert.deepEqual([gateway.transport, gateway.state, gateway.upstream], ["longpoll", "live", "away"])
    assert.equal(upstream, "away")
    assert.ok(states.every(({ reason }) => reason !== "stale"))
    await world.pass(0)
  })

  test("waking up reconnects at once if the last byte is older than 20 s", async () => {
    for (const type of ["visibilitychange", "pageshow", "online", "resume"]) {
      const { world, tab, got, log } = await begin(ofStreams(() => scripted("retry: 1000\n\n")))
      await world.pass(19000)
      tab.fire(type)
      await world.pass(10)
      assert.equal(log.of("/events").length, 1, type)
      await world.pass(1000)
      log.publish(A, 1)
      log.network = () => undefined
      tab.fire(type)
      await world.pass(10)
      assert.equal(log.of("/events").length, 2, type)
      assert.deepEqual(got.names(), [1])
    }
  })

  test("waking up ends a wait", async () => {
    const { world, tab, gateway, log } = await begin()
    log.lives = false
    log.closeAll()
    for (let n = 0; n < 20; n++) await world.pass(10000)
    log.lives = true
    tab.fire("online")
    await world.pass(10)
    assert.equal(gateway.state, "live")
  })

  test("sleep is no reason to leave the stream", async () => {
    const { world, gateway, log } = await begin(ofStreams(() => scripted("retry: 1000\n\n")))
    log.network = () => undefined
    // The machine sleeps for an hour: timers fire late.
    world.now += 3600000
    await world.pass(10000)
    assert.deepEqual([gateway.state, gateway.transport], ["live", "stream"])
  })

  test("the back/forward cache: nothing stays open, and the page continues at its position", async () => {
    const { world, tab, got, log, gateway } = await begin()
    tab.fire("pagehide", { persisted: true })
    await world.pass(10)
    assert.equal(log.open.size, 0)
    assert.equal([...world.buses.values()].reduce((sum, set) => sum + set.size, 0), 0)
    log.publish(A, 1)
    await world.pass(60000)
    assert.deepEqual(got.names(), [])
    tab.fire("pageshow", { persisted: true })
    await world.pass(1000)
    log.publish(A, 2)
    await world.pass(10)
    assert.deepEqual([got.names(), gateway.state], [[1, 2], "live"])
  })

  test("a clock that is set while the page runs is no obstacle", async () => {
    const { world, gateway, got, log } = await begin()
    for (const jump of [-4e11, 4e11, -3600000]) {
      world.skew += jump
      await world.pass(40000)
      log.publish(A, got.names().length + 1)
      log.closeAll()
      await world.pass(5000)
    }
    assert.deepEqual([got.names(), gateway.state, gateway.transport], [[1, 2, 3], "live", "stream"])
  })

  test("a gateway of another origin gets cookies and the token, and needs no preflight without it", async () => {
    const { log } = await begin(undefined, { url: "https://gw.example/rt", token: () => "t", user: "usr 7", headers: () => ({ "X-CSRF-Token": "c" }) })
    for (const { origin, path, credentials, headers, user } of log.requests) {
      assert.deepEqual([origin, path.slice(0, 4), credentials, headers.Authorization, headers["X-CSRF-Token"], user], ["https://gw.example", "/rt/", "include", "Bearer t", "c", "usr 7"])
    }
    const plain = await begin()
    assert.deepEqual(plain.log.requests.map(({ headers }) => headers), plain.log.requests.map(() => ({})))
  })

  test("token() that fails or hangs is a reason to wait", async () => {
    for (const token of [() => { throw new Error("no") }, async () => { throw new Error("no") }, () => new Promise(() => {})]) {
      const { gateway } = await begin(undefined, { token }, 12000)
      assert.deepEqual([gateway.state, gateway.reason], ["waiting", "token"])
    }
  })

  test("nothing that the network sends throws into the page or ends the ladder", async () => {
    const bodies = ["", "null", "1", "[]", "{}", '"x"', "{", '{"position":5,"events":[]}', '{"position":"p","events":{}}', '{"position":"p","events":[null,1,"x",{},{"channel":1}],"members":7,"retry_ms":"x"}',
      '{"position":"p","events":[],"retry_ms":-1,"members":{"presence-bail-1":null}}', "\0\xff"]
    const events = ["data: null\n\n", "data: 1\n\n", "data: {\n\n", 'data: {"channel":"presence-bail-1"}\n\n', `data: {"channel":"${A}","event":5,"data":null}\n\n`, `event: passerelle:gap\ndata: {"id":"aa-0","channel":"${A}","event":"passerelle:gap","data":null}\n\n`,
      `event: pusher:subscription_succeeded\ndata: {"channel":"${A}","event":"pusher:subscription_succeeded","data":null}\n\n`, `data: {"channel":"${A}","event":"pusher:member_added","data":null}\n\n`, "event: passerelle:denied\ndata: {}\n\n", "event: passerelle:unavailable\ndata: 1\n\n", "\r\r\r\0"]
    const { world, gateway, got, log } = await begin()
    let n = 0
    log.network = (request) => ++n % 3 === 0 ? undefined : request.path === "/events"
      ? scripted(...events.slice(n % events.length)) : { status: n % 2 ? 200 : 500 + n % 20, headers: {}, text: bodies[n % bodies.length] }
    for (let step = 0; step < 100; step++) {
      log.closeAll()
      await world.pass(7000)
    }
    assert.ok(n > 60, String(n))
    log.network = () => undefined
    await world.pass(60000)
    log.publish(A, "end")
    await world.pass(6000)
    assert.equal(gateway.state, "live")
    assert.equal(got.names().at(-1), "end")
    assert.deepEqual(world.uncaught, [])
  })

  test("sending: 202, a refusal, a swallowed POST, a network that fails; receiving goes on", async () => {
    const { world, tab, chat, got, log } = await begin()
    await chat.send("client-typing", { isTyping: true })
    const { body, headers, path } = log.requests.at(-1)
    assert.deepEqual([body, headers["Content-Type"], path], ['{"event":"client-typing","data":{"isTyping":true}}', "application/json", `/channels/${A}/events`])
    const blocked = async (answer, after = 0) => {
      log.network = (request) => request.method === "POST" ? answer : undefined
      let result
      chat.send("client-typing").then(() => { result = "sent" }, (error) => { result = error })
      await world.pass(after)
      return result
    }
    for (const [answer, reason, status] of [[refusal(429, "rate-limited"), "rate-limited", 429], [page(502), "foreign", 502], ["reset", "network", 0]]) {
      const error = await blocked(answer, 10)
      assert.ok(error instanceof tab.SendBlocked && error instanceof Error)
      assert.deepEqual([error.name, error.reason, error.status], ["SendBlocked", reason, status])
    }
    assert.equal(await blocked("hang", 9990), undefined)
    const error = await blocked("hang", 10010)
    assert.deepEqual([error.name, error.reason, error.status], ["SendBlocked", "timeout", 0])
    log.publish(A, 1)
    await world.pass(10)
    assert.deepEqual(got.names(), [1])
  })
})
