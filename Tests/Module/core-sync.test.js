// SPDX-License-Identifier: MIT
// Gaps and `sync`, in each version of the module.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { World, collect, kinds } from "./support/world.js"

const A = "presence-bail-1", B = "presence-bail-2"

for (const kind of kinds) describe(`sync, ${kind}`, () => {
  const begin = async (sync, channels = [A]) => {
    const world = new World(kind), gateway = world.tab().connect({ sync })
    const chats = channels.map((name) => gateway.subscribe(name)), got = chats.map(collect)
    await world.pass(100)
    return { world, gateway, chats, got, log: world.gateway }
  }
  /** A sync function whose calls a test ends. */
  const calls = () => {
    const list = []
    const sync = (channel, cause) => new Promise((resolve, reject) => list.push({ channel, cause, resolve, reject }))
    return { list, sync }
  }
  const gap = (log, reason = "upstream", more = {}, channel = A) => log.publish(channel, 0, "passerelle:gap", { reason, since: "S", until: "U", ...more })

  test("is called at the first subscription; events wait for it and follow in order", async () => {
    const { list, sync } = calls(), { world, got: [got], chats: [chat], gateway, log } = await begin(sync)
    assert.deepEqual(list.map(({ channel, cause }) => [channel, cause]), [[A, { reason: "subscribe", position: "aa-0" }]])
    assert.equal(chat.stale, true)
    for (const n of [1, 2, 3]) log.publish(A, n)
    await world.pass(1000)
    assert.deepEqual(got.names(), [])
    assert.equal(gateway.position, "aa-0", "a page that reloads must not skip what waits")
    list[0].resolve()
    await world.pass(10)
    assert.deepEqual([got.names(), chat.stale], [[1, 2, 3], false])
    log.publish(A, 4)
    await world.pass(10)
    assert.deepEqual([got.names(), gateway.position, list.length], [[1, 2, 3, 4], "aa-4", 1])
  })

  test("is called on a gap with its reason, times and position, after the gap's listeners", async () => {
    const { list, sync } = calls(), { world, got: [got], log } = await begin(sync)
    list[0].resolve()
    await world.pass(10)
    log.publish(A, 1)
    const position = gap(log)
    log.publish(A, 2)
    await world.pass(3000)
    assert.deepEqual([list[1].channel, list[1].cause], [A, { reason: "upstream", since: "S", until: "U", position }])
    assert.deepEqual(got.names(), [1, "passerelle:gap"])
    list[1].resolve()
    await world.pass(10)
    assert.deepEqual(got.names(), [1, "passerelle:gap", 2])
  })

  test("is spread over 3 s if the gap affects all readers", async () => {
    for (const [reason, more, delay] of [["upstream", {}, 1500], ["restart", {}, 1500], ["unknown-position", { from: "x-1" }, 1500], ["evicted", { from: "x-1" }, 0], ["idle", { from: "x-1" }, 0]]) {
      const { list, sync } = calls(), { world, log } = await begin(sync)
      list[0].resolve()
      await world.pass(10)
      gap(log, reason, more)
      if (delay) {
        await world.pass(delay - 1)
        assert.equal(list.length, 1, reason)
      }
      await world.pass(1)
      assert.equal(list.length, 2, reason)
    }
  })

  test("is called once at a time", async () => {
    const { list, sync } = calls(), { world, log, got } = await begin(sync, [A, B])
    assert.equal(list.length, 1)
    list[0].resolve()
    await world.pass(10)
    assert.deepEqual(list.map(({ channel }) => channel), [A, B])
    log.publish(A, 1)
    await world.pass(10)
    assert.deepEqual(got[0].names(), [1], "other channels do not wait")
    list[1].resolve()
    await world.pass(10)
    gap(log, "evicted", { from: "x-1" })
    gap(log, "evicted", { from: "x-1" }, B)
    await world.pass(10)
    assert.equal(list.length, 3)
    list[2].resolve()
    await world.pass(10)
    assert.equal(list.length, 4)
  })

  test("is called again if it fails, throws or takes more than 30 s; its errors are reported", async () => {
    let calls = 0
    const results = [() => { throw new Error("first") }, () => Promise.reject(new Error("second")), () => new Promise(() => {}), () => {}]
    const { world, got: [got], chats: [chat], log } = await begin(() => results[calls++]())
    log.publish(A, 1)
    assert.equal(calls, 1)
    await world.pass(500)
    assert.equal(calls, 2)
    await world.pass(750)
    assert.equal(calls, 3)
    await world.pass(29500)
    assert.deepEqual([calls, got.names(), chat.stale], [3, [], true])
    await world.pass(2000)
    assert.deepEqual([calls, got.names(), chat.stale], [4, [1], false])
    assert.deepEqual(world.uncaught.map(({ message }) => message), ["first", "second", "timeout"])
  })

  test("a failing channel does not keep the others from their call", async () => {
    const seen = []
    const { world } = await begin((channel) => {
      seen.push(channel)
      if (channel === A) throw new Error("no")
    }, [A, B])
    await world.pass(300)
    assert.deepEqual(seen, [A, B])
  })

  test("is not called for a channel that the page has left", async () => {
    const { list, sync } = calls(), { world, chats } = await begin(sync, [A, B])
    chats[1].unsubscribe()
    list[0].resolve()
    await world.pass(100000)
    assert.equal(list.length, 1)
  })

  test("more than 1000 waiting events become a gap", async () => {
    for (const [count, overflows] of [[999, false], [1000, false], [1001, true]]) {
      const { list, sync } = calls(), { world, got: [got], chats: [chat], log } = await begin(sync)
      log.publish(A, 0, "pusher:member_added", { user_id: "u1", user_info: {} })
      list[0].resolve()
      await world.pass(10)
      gap(log, "evicted", { from: "x-1" })
      await world.pass(10)
      log.publish(A, 0, "pusher:member_added", { user_id: "u2", user_info: {} })
      for (let n = 2; n <= count; n++) log.publish(A, n)
      await world.pass(10)
      list[1].resolve()
      await world.pass(10)
      const names = got.names().slice(2)
      if (overflows) {
        assert.deepEqual([names.length, names[0]], [1, "passerelle:gap"])
        assert.deepEqual(got.at(-1).data, { reason: "overflow" })
        await world.pass(3000)
        assert.equal(list[2].cause.reason, "overflow")
        log.publish(A, "later")
        list[2].resolve()
        await world.pass(10)
        assert.equal(got.names().at(-1), "later")
      } else assert.equal(names.length, count)
      assert.deepEqual([...chat.members.keys()], ["u1", "u2"], "members are not lost")
    }
  })

  test("a gateway that lost its state is a gap, and then everything that it has", async () => {
    const { list, sync } = calls(), { world, got: [got], log } = await begin(sync)
    list[0].resolve()
    log.publish(A, 1)
    await world.pass(10)
    log.closeAll()
    log.epoch = "bb"
    log.entries = []
    log.publish(A, 2)
    await world.pass(5000)
    assert.equal(list[1].cause.reason, "unknown-position")
    list[1].resolve()
    await world.pass(10)
    log.publish(A, 3)
    await world.pass(10)
    assert.deepEqual(got.names(), [1, "passerelle:gap", 2, 3])
  })

  test("without sync, gaps are events only", async () => {
    const { world, got: [got], chats: [chat], log } = await begin(undefined)
    gap(log)
    log.publish(A, 1)
    await world.pass(10)
    assert.deepEqual([got.names(), chat.stale], [["passerelle:gap", 1], false])
  })
})
