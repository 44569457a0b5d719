// SPDX-License-Identifier: MIT
// How `rescue` gives the lead back to pusher-js: what hides no later event, and a pusher-js that has given up.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Page, stage } from "./support/rescue-stage.js"

describe("rescue when pusher-js returns", () => {
  let set
  before(async () => { set = await stage() })
  after(() => set.remove())

  /** A page whose pusher-js has worked for long enough that the gateway's connection is closed. */
  const standby = async (pusherOptions) => {
    const page = new Page(set, {}, pusherOptions)
    await page.connect()
    await page.pass(15000)
    assert.equal(page.log.open, 0)
    return page
  }

  test("identical payloads that only the log had before the subscription hide none of a long series", async () => {
    const page = await standby()
    page.lose()
    await page.pass(1500)
    await page.connect(false)
    page.log.add("new-message", { n: 1 })
    await page.pass(100)
    page.join()
    let count = 1
    for (; page.active || count < 50; count++) {
      page.log.add("new-message", { n: 1 })
      page.message(1)
      await page.pass(500)
    }
    page.both(1)
    await page.pass(100)
    assert.equal(page.got.length, count + 1)
    page.stop()
  })

  test("an event that the log had before pusher-js's subscription was confirmed comes once if both have it", async () => {
    const page = await standby()
    page.lose()
    await page.pass(1500)
    await page.connect(false)
    page.log.add("new-message", { n: 1 })
    page.join()
    page.message(1)
    page.both(2)
    await page.pass(25000)
    assert.equal(page.active, false)
    assert.deepEqual(page.got, [1, 2])
    page.stop()
  })

  test("lets pusher-js connect again after it gave up because of two broken connections", async () => {
    const page = await standby({ lives: 2 })
    const states = []
    page.pusher.connection.bind("state_change", ({ current }) => states.push(current))
    page.lose()
    await page.pass(1500)
    await page.connect()
    page.lose()
    page.log.add("new-message", { n: 1 })
    await page.pass(4500)
    assert.equal(page.pusher.connection.state, "failed")
    await page.pass(1000)
    assert.deepEqual(states, ["connecting", "connected", "failed", "connecting"])
    await page.connect()
    await page.pass(25000)
    assert.equal(page.active, false)
    page.both(2)
    assert.deepEqual(page.got, [1, 2])
    page.stop()
  })

  test("leaves pusher-js alone if it gave up before its first subscription", async () => {
    const page = new Page(set, {}, { lives: 1 })
    await page.connect(false)
    page.lose()
    await page.pass(60000, 1000)
    assert.equal(page.pusher.connection.state, "failed")
    assert.equal(page.active, true)
    page.stop()
  })

  test("leaves pusher-js alone if the page disconnects it after it gave up", async () => {
    const page = await standby({ lives: 1 })
    page.lose()
    await page.pass(1500)
    assert.equal(page.pusher.connection.state, "failed")
    page.pusher.disconnect()
    await page.pass(60000, 1000)
    assert.equal(page.pusher.connection.state, "disconnected")
    page.stop()
  })
})
