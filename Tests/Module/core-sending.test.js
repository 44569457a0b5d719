// SPDX-License-Identifier: MIT
// How long an event that the page sends may take, in each version.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { World, kinds } from "./support/world.js"

for (const kind of kinds) describe(`sending, ${kind}`, () => {
  test("10 s are the deadline of everything together: the token, the request, and both again after a 401", async () => {
    const world = new World(kind), log = world.gateway
    let delay = 0
    const later = (value) => new Promise((resolve) => world.setTimeout(() => resolve(value), delay))
    const chat = world.tab().connect({ token: () => later("t") }).subscribe("presence-bail-1")
    await world.pass(1000)
    delay = 4000
    log.network = ({ method }) => method === "POST"
      ? later({ status: 401, headers: {}, text: JSON.stringify({ error: "unauthorized", message: "No." }) }) : undefined
    let error, at
    const start = world.now
    chat.send("client-typing").catch((given) => {
      error = given
      at = world.now - start
    })
    await world.pass(9900)
    assert.equal(error, undefined)
    await world.pass(20000)
    assert.deepEqual([error.name, error.reason, error.message, error.status, at], ["SendBlocked", "timeout", "timeout", 0, 10000])
    // Nothing is sent after the page was told that it was not.
    const sent = log.requests.filter(({ method, signal }) => method === "POST" && !signal.aborted)
    assert.deepEqual(sent.filter((request) => request.at > start + 10000), [])
  })
})
