// SPDX-License-Identifier: MIT
// Which events the page gets when pusher-js and the log both have them.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { longestLedger, makeLedger } from "../../Sources/PasserelleBrowser/src/rescue/ledger.js"

const message = (data, channel = "presence-bail-1", event = "new-message") => ({ channel, event, data })
const data = (messages) => messages.map((each) => each.data)

describe("the ledger of rescue", () => {
  test("compares channel, name and data", () => {
    const ledger = makeLedger({})
    ledger._fromPusher(message({ a: 1 }), 1000)
    ledger._lead(1000)
    assert.equal(ledger._fromLog(message({ a: 1 }, "presence-bail-2"), 1001), true)
    assert.equal(ledger._fromLog(message({ a: 1 }, undefined, "other"), 1001), true)
    assert.equal(ledger._fromLog(message({ a: 2 }), 1001), true)
    assert.equal(ledger._fromLog(message({ a: 1 }), 1001), false)
    assert.equal(ledger._fromLog(message({ a: 1 }), 1001), true)
  })

  test("delivers as many of a payload as the source that had more of it, whatever the order", () => {
    for (let pattern = 0; pattern < 1 << 10; pattern++) {
      const ledger = makeLedger({})
      ledger._lead(0)
      let count = 0, fromPusher = 0, fromLog = 0
      for (let bit = 0; bit < 10; bit++) {
        if (pattern >> bit & 1) {
          fromLog++
          count += ledger._fromLog(message(0), 1000)
        } else {
          fromPusher++
          count += ledger._fromPusher(message(0), 1000, true)
        }
      }
      count += ledger._release(Infinity).length
      assert.equal(count, Math.max(fromLog, fromPusher), pattern.toString(2))
    }
  })

  test("what the log had while pusher-js led is compared at the end", () => {
    const ledger = makeLedger({})
    for (const n of [1, 2, 3, 4]) ledger._fromPusher(message(n), 1000)
    for (const n of [1, 2, 3, 4]) assert.ok(!ledger._fromLog(message(n), 1001))
    ledger._settle(12000, 12000)
    assert.equal(ledger._entries.size, 0)
  })

  test("what pusher-js may lack is kept until its next message", () => {
    for (const [age, lacks] of [[5001, false], [5000, false], [4999, true]]) {
      const ledger = makeLedger({})
      ledger._fromLog(message(1), 100000 - age)
      ledger._settle(100000, 100000)
      assert.equal(data(ledger._lead(100000)).length === 1, lacks, String(age))
    }
  })

  test("an event that only pusher-js had hides a later one for ten seconds of a settled ledger at most", () => {
    for (const [age, hides] of [[9999, true], [10000, false], [10001, false]]) {
      const ledger = makeLedger({})
      ledger._fromPusher(message(1), 100000 - age)
      ledger._settle(100000, 100000)
      ledger._lead(100000)
      assert.equal(ledger._fromLog(message(1), 100001), !hides, String(age))
    }
  })

  test("while pusher-js leads, it may be ten seconds later than the log", () => {
    for (const [age, hides] of [[9999, true], [10000, true], [10001, false]]) {
      const ledger = makeLedger({})
      ledger._lead(0)
      ledger._fromLog(message(1), 100000)
      ledger._settle(100001, 100001)
      assert.equal(ledger._fromPusher(message(1), 100000 + age), !hides, String(age))
    }
  })

  test("a new connection of pusher-js delivers nothing that the log had before it", () => {
    const ledger = makeLedger({})
    ledger._lead(0)
    ledger._fromLog(message(1), 1000)
    ledger._connected()
    ledger._fromPusher(message(1), 1001, true)
    assert.deepEqual(data(ledger._release(1001)), [1])
  })

  test("an event that both had before the subscription was confirmed is not told again after another loss", () => {
    const ledger = makeLedger({})
    ledger._lead(0)
    ledger._fromLog(message(1), 1000)
    ledger._joined("presence-bail-1")
    ledger._fromPusher(message(1), 1001, true)
    ledger._connected()
    assert.deepEqual(data(ledger._release(1001)), [])
    assert.equal(ledger._fromLog(message(1), 1002), true)
  })

  test("holds no more than the limit", () => {
    for (const [held, isHeld] of [[longestLedger - 1, true], [longestLedger, false], [longestLedger + 1, false]]) {
      const ledger = makeLedger({})
      ledger._lead(0)
      for (let n = 0; n < held; n++) ledger._fromPusher(message(n), 1000, true)
      assert.equal(ledger._fromPusher(message(-1), 1000, true), !isHeld, String(held))
      assert.equal(ledger._release(1000).length, Math.min(held + 1, longestLedger))
    }
  })

  test("forgets the oldest unconfirmed event above the limit", () => {
    for (const [count, size] of [[longestLedger - 1, longestLedger - 1], [longestLedger, longestLedger], [longestLedger + 1, longestLedger]]) {
      const ledger = makeLedger({})
      for (let n = 0; n < count; n++) ledger._fromPusher(message(n), 1000)
      assert.equal(ledger._entries.size, size)
      ledger._lead(1000)
      assert.equal(ledger._fromLog(message(0), 1001), count > longestLedger)
    }
  })

  test("forgets a channel that the page left", () => {
    const ledger = makeLedger({})
    ledger._fromPusher(message(1), 1000)
    ledger._forget("presence-bail-1")
    ledger._lead(1000)
    assert.equal(ledger._fromLog(message(1), 1001), true)
  })
})
