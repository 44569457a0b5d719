// SPDX-License-Identifier: MIT
// `rescue` beside the real pusher-js, between a sandbox and a gateway, over links that break. Needs
// PASSERELLE_TEST_BINARY (the built passerelle) and PASSERELLE_PUSHER_JS (pusher-js's dist/web/pusher.js or
// dist/node/pusher.js, 7 or 8; from the former, the tests take the latter beside it).

import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, resolve } from "node:path"
import { after, before, describe, test } from "node:test"
import { hangLimit, pause, Servers, until } from "./support/servers.js"
import { rescue } from "../../Sources/PasserelleBrowser/src/passerelle.js"

const given = process.env.PASSERELLE_PUSHER_JS ?? ""
const library = [resolve(dirname(given), "../node/pusher.js"), resolve(given)].find(existsSync)
const missing = ["PASSERELLE_PUSHER_JS", "PASSERELLE_TEST_BINARY"].filter((name) => !process.env[name])
const skip = missing.length > 0 && `${missing.join(" and ")} not set`
if (skip) console.log(`SKIPPED, and so NOT TESTED: rescue with the real pusher-js (${skip}); rescue.test.js uses a stand-in`)

describe("rescue with the real pusher-js", { skip, concurrency: 4, timeout: 4 * hangLimit }, () => {
  let servers, Pusher, count = 0
  const pages = []

  before(async () => {
    Pusher = createRequire(import.meta.url)(library)
    servers = await new Servers().start()
  })
  after(() => {
    for (const page of pages) page.close()
    servers?.stop()
  })

  /** A page of a user, with its own link to Channels and its own channel. */
  class Page {
    got = []
    told = []
    sent = 0

    async start(mode, options) {
      pages.push(this)
      this.link = await servers.newLink()
      this.link.mode = mode
      this.name = "presence-bail-" + ++count
      this.pusher = new Pusher(servers.key, servers.pusherOptions("usr_7", this.link.port))
      this.stop = rescue(this.pusher, { url: servers.url, user: "usr_7", tabs: false, ...options })
      this.channel = this.pusher.subscribe(this.name)
      this.channel.bind("new-message", ({ n }) => this.got.push(n))
      this.channel.bind_global((event, data) => event !== "new-message" && this.told.push([event, data]))
      await until(() => this.channel.subscribed, "subscribed")
      return this
    }

    get active() {
      return this.stop.active
    }

    async publish(n) {
      this.sent++
      await servers.publish(this.name, "new-message", { n })
    }

    /** Publishes numbers at an interval until the returned function is called, and at least `least`; it returns the last one. */
    stream(interval = 20, least = 300) {
      let isOn = true, n = 0
      const run = (async () => {
        while (isOn || n < least) {
          await this.publish(++n)
          await pause(interval)
        }
        return n
      })()
      return () => {
        isOn = false
        return run
      }
    }

    /** pusher-js leads again. */
    settled() {
      return until(() => !this.active && this.pusher.connection.state === "connected", "standby")
    }

    close() {
      this.stop?.()
      this.pusher?.disconnect()
      this.link?.close()
    }
  }

  /** The numbers from the first one that came to the last one that was sent, each once and in order. */
  const assertComplete = async (page, last) => {
    await until(() => page.got.at(-1) === last, `the last event, ${last}`)
    const [first] = page.got
    assert.deepEqual(page.got, Array.from({ length: last - first + 1 }, (_, index) => first + index))
    assert.ok(page.got.length > last / 2, `${page.got.length} of ${last}`)
    assert.deepEqual(page.told.filter(([event]) => event === "passerelle:gap"), [])
  }

  // The longest test is first: the others run beside it.
  test("a sleep of a minute, after which the connection is gone", async () => {
    const page = await new Page().start("through")
    await page.settled()
    await pause(1000)
    const end = page.stream(250, 20)
    await pause(1000)
    page.link.mode = "silent"
    await pause(60000)
    page.link.drop()
    page.link.mode = "through"
    await page.settled()
    await assertComplete(page, await end())
  })

  test("a WebSocket that is refused from the start, and works later", async () => {
    const page = await new Page().start("refused")
    const end = page.stream()
    await pause(6000)
    assert.equal(page.active, true)
    page.link.mode = "through"
    await page.settled()
    await assertComplete(page, await end())
  })

  test("a WebSocket that opens and passes nothing", async () => {
    const page = await new Page().start("silent")
    const end = page.stream()
    await pause(8000)
    await assertComplete(page, await end())
    assert.equal(page.active, true)
  })

  test("a connection that is lost for six seconds", async () => {
    const page = await new Page().start("through")
    const end = page.stream()
    await pause(3000)
    page.link.mode = "refused"
    page.link.drop()
    await pause(6000)
    page.link.mode = "through"
    await page.settled()
    await assertComplete(page, await end())
  })

  test("a connection that is lost for a moment", async () => {
    const page = await new Page().start("through")
    const end = page.stream()
    for (let round = 0; round < 3; round++) {
      await pause(2000)
      page.link.drop()
    }
    await page.settled()
    await assertComplete(page, await end())
  })

  test("connections that live for 200 ms, for a while", async () => {
    const page = await new Page().start("through")
    const end = page.stream()
    await pause(2000)
    page.link.mode = "short"
    page.link.drop()
    await pause(15000)
    assert.equal(page.active, true)
    page.link.mode = "through"
    await page.settled()
    await assertComplete(page, await end())
  })

  test("identical payloads before, during and after an outage", async () => {
    const page = await new Page().start("through")
    let count = 0
    const twice = async () => {
      await page.publish(0)
      await page.publish(0)
      count += 2
    }
    const all = () => until(() => page.got.length >= count, `${count} events`)
    await page.settled()
    await twice()
    await all()
    page.link.mode = "refused"
    page.link.drop()
    await twice()
    await pause(3000)
    page.link.mode = "through"
    for (let round = 0; round < 60; round++) {
      await twice()
      await pause(250)
    }
    await page.settled()
    await twice()
    await all()
    await pause(2000)
    assert.equal(page.got.length, count)
  })

  test("members and client events without a WebSocket", async () => {
    const page = await new Page().start("refused")
    await until(() => page.told.some(([event]) => event === "pusher:subscription_succeeded"), "succeeded")
    assert.equal(page.told.find(([event]) => event === "pusher:subscription_succeeded")[1], page.channel.members)
    const other = new Pusher(servers.key, servers.pusherOptions("usr_8", servers.port))
    const typing = []
    const theirs = other.subscribe(page.name)
    theirs.bind("client-typing", (data, metadata) => typing.push([data, metadata]))
    await until(() => page.channel.members.get("usr_8"), "a member")
    assert.deepEqual(page.told.find(([event]) => event === "pusher:member_added")[1].id, "usr_8")
    await until(() => theirs.subscribed, "subscribed")
    await until(() => page.channel.trigger("client-typing", { isTyping: true }), "trigger")
    await until(() => typing.length, "typing")
    assert.deepEqual(typing, [[{ isTyping: true, userId: "usr_7" }, { user_id: "usr_7" }]])
    theirs.trigger("client-typing", { isTyping: false })
    await until(() => page.told.some(([event]) => event === "client-typing"), "typing back")
    other.disconnect()
    await until(() => !page.channel.members.get("usr_8"), "no member")
    assert.deepEqual(page.told.find(([event]) => event === "pusher:member_removed")[1].id, "usr_8")
    const ids = []
    page.channel.members.each(({ id }) => ids.push(id))
    assert.deepEqual(ids, Object.keys(page.channel.members.members))
    assert.equal(page.channel.members.count, ids.length)
  })

  test("the page's own disconnect, and connect", async () => {
    const page = await new Page().start("through")
    await page.settled()
    page.pusher.disconnect()
    await page.publish(1)
    await pause(6000)
    assert.equal(page.active, false)
    assert.deepEqual(page.got, [])
    page.pusher.connect()
    await until(() => page.got.length, "the missed event")
    await page.publish(2)
    await until(() => page.got.length === 2, "the next event")
    assert.deepEqual(page.got, [1, 2])
  })
})

describe("rescue with the real pusher-js, and a gateway that ends", { skip, timeout: 4 * hangLimit }, () => {
  test("a gateway that is killed while it supplies the page, and started again", async () => {
    const servers = await new Servers().start()
    const Pusher = createRequire(import.meta.url)(library)
    const link = await servers.newLink()
    link.mode = "refused"
    const pusher = new Pusher(servers.key, servers.pusherOptions("usr_7", link.port))
    const stop = rescue(pusher, { url: servers.url, user: "usr_7", tabs: false })
    const channel = pusher.subscribe("presence-bail-1")
    const got = [], gaps = []
    channel.bind("new-message", ({ n }) => got.push(n))
    channel.bind("passerelle:gap", (gap) => gaps.push(gap.reason))
    try {
      await until(() => channel.subscribed, "subscribed")
      for (let n = 1; n <= 100; n++) await servers.publish("presence-bail-1", "new-message", { n })
      await until(() => got.length === 100, "the first events")
      await servers.stopGateway()
      await servers.startGateway()
      await until(() => gaps.length, "a gap")
      for (let n = 101; n <= 200; n++) await servers.publish("presence-bail-1", "new-message", { n })
      await until(() => got.at(-1) === 200, "the last event")
      assert.deepEqual(got, Array.from({ length: 200 }, (_, index) => index + 1))
      assert.ok(gaps.includes("restart"), String(gaps))
    } finally {
      stop()
      pusher.disconnect()
      link.close()
      servers.stop()
    }
  })
})
