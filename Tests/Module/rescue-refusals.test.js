// SPDX-License-Identifier: MIT
// `rescue` if the auth route, or the gateway, refuses a channel.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Page, stage } from "./support/rescue-stage.js"

const A = "presence-bail-1", B = "presence-bail-2"

describe("rescue with refused channels", () => {
  let set
  before(async () => { set = await stage() })
  after(() => set.remove())

  test("a channel that the auth route refuses does not keep it active for ever", async () => {
    const page = new Page(set)
    Page.refused = [B]
    page.pusher.subscribe(B)
    await page.connect()
    await page.pass(30000)
    assert.deepEqual([page.active, page.log.open], [false, 0])
    page.lose()
    await page.pass(1500)
    await page.connect()
    assert.equal(page.active, true)
    await page.pass(30000)
    assert.deepEqual([page.active, page.log.open], [false, 0])
    page.pusher.unsubscribe(B)
    await page.pass(30000)
    assert.equal(page.active, false)
    page.stop()
  })

  test("it supplies the page if everything is refused to pusher-js, as by a proxy that lets no POST pass", async () => {
    const page = new Page(set)
    Page.refused = [A]
    await page.connect(false)
    await page.pass(30000)
    assert.equal(page.active, true)
    page.log.add("new-message", { n: 1 })
    await page.pass(100)
    assert.deepEqual(page.got, [1])
    page.stop()
  })

  test("it rests if the gateway refuses, too, what the auth route refuses, and supplies it when the gateway permits it", async () => {
    const page = new Page(set)
    Page.refused = page.log.refused = [A]
    await page.connect(false)
    await page.pass(30000)
    assert.deepEqual([page.active, page.log.open], [false, 0])
    page.lose()
    await page.pass(1500)
    await page.connect(false)
    await page.pass(30000)
    assert.deepEqual([page.active, page.log.open], [false, 0])
    page.log.refused = []
    page.lose()
    await page.pass(6000)
    assert.equal(page.active, true)
    page.log.add("new-message", { n: 1 })
    assert.deepEqual(page.got, [1])
    page.stop()
  })

  test("it rests if the page has left its only channel", async () => {
    const page = new Page(set)
    page.lose()
    await page.pass(6000)
    assert.equal(page.active, true)
    page.pusher.unsubscribe(A)
    await page.connect(false)
    await page.pass(30000)
    assert.deepEqual([page.active, page.log.open], [false, 0])
    page.stop()
  })

  test("a refused channel counts when the auth route permits it later", async () => {
    const page = new Page(set), got = []
    Page.refused = [B]
    page.pusher.subscribe(B).bind("new-message", ({ n }) => got.push(n))
    await page.connect()
    await page.pass(30000)
    Page.refused = []
    page.lose()
    await page.pass(1500)
    await page.connect()
    await page.pass(30000)
    // Its subscription is not confirmed: the gateway supplies it.
    assert.equal(page.active, true)
    page.log.add("new-message", { n: 1 }, B)
    page.join(undefined, B)
    await page.pass(30000)
    assert.deepEqual([page.active, got], [false, [1]])
    page.stop()
  })

  test("while it is active, events of channels that the gateway does not serve are not held", async () => {
    for (const name of [B, "not/a/channel"]) {
      const page = new Page(set), got = []
      page.log.refused = [B]
      page.pusher.subscribe(name).bind("new-message", ({ n }) => got.push(n))
      await page.connect()
      page.join(undefined, name)
      await page.pass(15000)
      page.lose()
      await page.pass(1500)
      await page.connect()
      page.join(undefined, name)
      await page.pass(1000)
      assert.equal(page.active, true)
      page.socket.receive("new-message", name, { n: 1 })
      assert.deepEqual(got, [1])
      // Those of the others still follow the log's order.
      page.message(2)
      assert.deepEqual(page.got, [])
      page.log.add("new-message", { n: 2 })
      assert.deepEqual(page.got, [2])
      page.stop()
    }
  })
})
