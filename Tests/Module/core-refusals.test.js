// SPDX-License-Identifier: MIT
// What the module does if the gateway, or another server, refuses its requests, in each version.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"
const refusal = (status) => ({ status, headers: { "content-type": "application/json" }, text: JSON.stringify({ error: "refused", message: "No." }) })

for (const kind of kinds) describe(`refusals, ${kind}`, () => {
  test("channels that are refused only together are asked for again after a pause", async () => {
    const world = new World(kind), log = world.gateway, gateway = world.tab().connect()
    let isRefused = false
    // The limit ends the test if there is no pause.
    log.network = ({ channels }) => log.requests.length > 500 ? "hang" : isRefused && channels.length > 1 ? refusal(403) : undefined
    const got = [A, B].map((name) => collect(gateway.subscribe(name)))
    await world.pass(1000)
    isRefused = true
    log.closeAll()
    const before = log.requests.length
    await world.pass(10000)
    assert.equal(gateway.state, "denied")
    assert.ok(log.requests.length - before < 100, String(log.requests.length - before))
    isRefused = false
    log.publish(A, 1)
    log.publish(B, 2)
    await world.pass(21000)
    assert.deepEqual([gateway.state, got.map((each) => each.names())], ["live", [[1], [2]]])
  })

  test("a 400 or 404, also with JSON as the gateway's, does not end the reading", async () => {
    for (const status of [400, 404]) {
      const world = new World(kind), log = world.gateway, gateway = world.tab().connect()
      let isAway = true
      log.network = () => isAway ? refusal(status) : undefined
      const got = collect(gateway.subscribe(A))
      await world.pass(60000)
      assert.deepEqual([gateway.state, got.names()], ["waiting", []])
      isAway = false
      await world.pass(21000)
      isAway = true
      log.closeAll()
      log.publish(A, 1)
      await world.pass(60000)
      assert.equal(gateway.state, "waiting")
      isAway = false
      await world.pass(21000)
      assert.deepEqual([gateway.state, got.names()], ["live", [1]])
    }
  })
})
