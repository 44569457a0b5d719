// SPDX-License-Identifier: MIT
// The decisions of the ladder, with the time as an argument, and the parser of streams.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { makeLadder, transports } from "../../Sources/PasserelleBrowser/src/core/ladder.js"
import { parseStream } from "../../Sources/PasserelleBrowser/src/core/sse.js"
import { backOff } from "../../Sources/PasserelleBrowser/src/core/support.js"

const fail = (ladder, now, reason, age = 0, retry = 0, random = 0.5, used = ladder._rung()) => ladder._failed(used, now, reason, age, retry, random)

describe("the ladder", () => {
  test("has three rungs and begins at the given one", () => {
    assert.deepEqual(transports, ["stream", "longpoll", "poll"])
    for (const rung of [0, 1, 2]) assert.equal(makeLadder(rung)._rung(), rung)
  })

  test("a silent stream is one step down at once", () => {
    const ladder = makeLadder(0)
    assert.equal(fail(ladder, 4000, "timeout", 4000), 0)
    assert.equal(ladder._rung(), 1)
  })

  test("three lives below 10 s within a minute are a step down", () => {
    for (const [ages, times, rung] of [
      [[9999, 9999, 9999], [0, 20000, 59999], 1],
      [[9999, 9999, 9999], [0, 20000, 60000], 0],
      [[9999, 9999, 10000], [0, 1000, 2000], 0],
      [[1, 1], [0, 1000], 0],
    ]) {
      const ladder = makeLadder(0)
      ages.forEach((age, index) => {
        ladder._worked(0)
        fail(ladder, times[index], "cut", age)
      })
      assert.equal(ladder._rung(), rung, `${ages} ${times}`)
    }
  })

  test("two answers in succession that are not the gateway's are a step down", () => {
    for (const reason of ["foreign", "stale"]) {
      const ladder = makeLadder(0)
      fail(ladder, 0, reason)
      assert.equal(ladder._rung(), 0)
      fail(ladder, 1000, reason)
      assert.equal(ladder._rung(), 1)
      fail(ladder, 2000, reason)
      ladder._worked(1)
      fail(ladder, 4000, reason)
      assert.equal(ladder._rung(), 1, "something worked in between")
    ladder._worked(2)
      fail(ladder, 5000, reason)
      assert.equal(ladder._rung(), 2, "a plain poll that works proves nothing of the long poll")
      fail(ladder, 6000, reason)
      fail(ladder, 7000, reason)
      assert.equal(ladder._rung(), 2, "the lowest stays")
    }
  })

  test("the gateway's own refusals, and a gateway that does not answer plain polls, are no reason to move", () => {
    const ladder = makeLadder(0)
    for (let n = 0; n < 50; n++) {
      fail(ladder, n * 1000, "too-many-streams", 0, 3000)
      for (const reason of ["network", "timeout", "foreign", "stale", "cut"]) fail(ladder, n * 1000, reason, 5, 0, 0.5, 2)
    }
    assert.equal(ladder._rung(), 0)
  })

  test("a transport that gets no answer while a plain poll works has short lives", () => {
    const ladder = makeLadder(0)
    for (let n = 0; n < 3; n++) {
      assert.equal(ladder._rung(), 0)
      ladder._worked(2)
      fail(ladder, n * 1000, "network", 5)
    }
    assert.equal(ladder._rung(), 1)
  })

  test("long polls begin with 25 s; two cuts at the same age T make it 0.8 T", () => {
    const ladder = makeLadder(1)
    assert.equal(ladder._wait(), 25)
    fail(ladder, 0, "network", 15000)
    assert.equal(ladder._wait(), 25)
    fail(ladder, 20000, "network", 16000)
    assert.equal(ladder._wait(), 25, "another age")
    fail(ladder, 40000, "foreign", 15001)
    assert.equal(ladder._wait(), 12)
    assert.equal(ladder._rung(), 1)
    fail(ladder, 60000, "cut", 5000)
    fail(ladder, 70000, "cut", 5000)
    assert.equal(ladder._wait(), 4)
  })

  test("a limit too short for long polls is a step down", () => {
    const ladder = makeLadder(1)
    for (let n = 0; n < 3; n++) fail(ladder, n * 5000, "network", 2000)
    assert.equal(ladder._rung(), 2)
  })

  test("probes come after 1, 2, 4, 8, 15, 15 minutes, and begin again after a change", () => {
    const ladder = makeLadder(2), delays = []
    for (let n = 0; n < 6; n++) {
      delays.push(ladder._probeDelay() / 60000)
      ladder._probed(false)
    }
    assert.deepEqual(delays, [1, 2, 4, 8, 15, 15])
    ladder._probed(true)
    assert.deepEqual([ladder._rung(), ladder._probeDelay()], [1, 60000])
  })

  test("the back-off is between 0.5 and 20 s, without an end", () => {
    for (const random of [0, 0.5, 0.999999]) {
      const ladder = makeLadder(2)
      let longest = 0
      for (let n = 0; n < 200; n++) {
        const delay = fail(ladder, n, "network", 0, 0, random)
        assert.ok(delay >= 500 && delay <= 20000, String(delay))
        longest = Math.max(longest, delay)
      }
      assert.ok(random === 0 || longest > 20000 * random - 1)
    }
  })

  test("what the gateway asks for is obeyed, never less, spread, at most five minutes", () => {
    assert.deepEqual([backOff(0, 7000, 0), backOff(9, 7000, 1)], [7000, 10500])
    assert.equal(backOff(0, 299999, 0), 299999)
    assert.equal(backOff(0, 300000, 0), 300000)
    assert.equal(backOff(0, 300001, 0), 300000)
    assert.equal(backOff(0, "soon", 0), 500)
    assert.equal(backOff(0, -5, 0), 500)
    assert.equal(backOff(0, NaN, 0), 500)
  })
})

describe("the parser of streams", () => {
  const text = 'retry: 2000\n\nevent: new-message\nid: aa-1\ndata: {"n":"é"}\n\n:\n\n:\nevent: x\ndata:{}\n\nevent: y\r\ndata: 1\r\n\r\ndata: 2\n\n'
  const parse = (pieces) => {
    const got = []
    let rest = ""
    for (const piece of pieces) rest = parseStream(rest + piece, (name, data, retry) => (data || retry) && got.push([name, data, retry]))
    return { got, rest }
  }
  const expected = [[undefined, undefined, "2000"], ["new-message", '{"n":"é"}', undefined], ["x", "{}", undefined], ["y", "1", undefined], [undefined, "2", undefined]]

  test("reads events, cut at each place", () => {
    for (let at = 0; at <= text.length; at++) assert.deepEqual(parse([text.slice(0, at), text.slice(at)]), { got: expected, rest: "" }, `cut at ${at}`)
  })

  test("reads data with line separators of Unicode, which end no line", () => {
    const data = '{"text":"a\u2028retry: 9\u2029event: z"}'
    assert.deepEqual(parse([`event: x\ndata: ${data}\n\n`]).got, [["x", data, undefined]])
  })

  test("reads events that come byte by byte", () => {
    assert.deepEqual(parse([...text]), { got: expected, rest: "" })
  })

  test("keeps an incomplete event", () => {
    assert.deepEqual(parse(["data: 1\n"]), { got: [], rest: "data: 1\n" })
  })

  test("reads what is no stream without an error", () => {
    for (const junk of ["", "\0", "<html>\n\n", "data\n\n", ":::\n\n", "\n\n\n\n", "data: \n\n", "event:\n\n", "retry: x\n\n"]) parse([junk])
  })
})
