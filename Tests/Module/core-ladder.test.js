// SPDX-License-Identifier: MIT
// The decisions of the feed's ladder, with a time that the test gives, and the parser of streams.

import assert from "node:assert/strict"
import { afterEach, describe, test } from "node:test"
import { parseStream } from "../../Sources/PasserelleBrowser/src/core/sse.js"
import { backOff } from "../../Sources/PasserelleBrowser/src/core/support.js"
import { FeedStage } from "./support/feed-stage.js"

describe("the ladder", () => {
  afterEach(FeedStage.restore)

  test("has three rungs and begins at the given one", async () => {
    for (const [rung, name] of ["stream", "longpoll", "poll"].entries()) {
      const ladder = new FeedStage(rung)
      await ladder.work(rung)
      assert.deepEqual([ladder.status.transport, ladder.rung], [name, rung])
    }
  })

  test("a silent stream is one step down at once", async () => {
    const ladder = new FeedStage(0)
    assert.equal(await ladder.fail(4000, "timeout", 4000), 0)
    assert.equal(ladder.rung, 1)
  })

  test("three lives below 10 s within a minute are a step down", async () => {
    for (const [ages, times, rung] of [
      [[9999, 9999, 9999], [0, 20000, 59999], 1],
      [[9999, 9999, 9999], [0, 20000, 60000], 0],
      [[9999, 9999, 10000], [0, 1000, 2000], 0],
      [[1, 1], [0, 1000], 0],
    ]) {
      const ladder = new FeedStage(0)
      for (const [index, age] of ages.entries()) {
        await ladder.work(0)
        await ladder.fail(times[index], "cut", age)
      }
      assert.equal(ladder.rung, rung, `${ages} ${times}`)
    }
  })

  test("two answers in succession that are not the gateway's are a step down", async () => {
    for (const reason of ["foreign", "stale"]) {
      const ladder = new FeedStage(0)
      await ladder.fail(0, reason)
      assert.equal(ladder.rung, 0)
      await ladder.fail(1000, reason)
      assert.equal(ladder.rung, 1)
      await ladder.fail(2000, reason)
      await ladder.work(1)
      await ladder.fail(4000, reason)
      assert.equal(ladder.rung, 1, "something worked in between")
      await ladder.work(2)
      await ladder.fail(5000, reason)
      assert.equal(ladder.rung, 2, "a plain poll that works proves nothing of the long poll")
      await ladder.fail(6000, reason)
      await ladder.fail(7000, reason)
      assert.equal(ladder.rung, 2, "the lowest stays")
    }
  })

  test("the gateway's own refusals, and a gateway that does not answer plain polls, are no reason to move", async () => {
    const ladder = new FeedStage(0)
    for (let n = 0; n < 50; n++) {
      await ladder.fail(n * 1000, "too-many-streams", 0, 3000)
      for (const reason of ["network", "timeout", "foreign", "stale", "cut"]) await ladder.fail(n * 1000, reason, 5, 0, 0.5, 2)
    }
    assert.equal(ladder.rung, 0)
  })

  test("a transport that gets no answer while a plain poll works has short lives", async () => {
    const ladder = new FeedStage(0)
    for (let n = 0; n < 3; n++) {
      assert.equal(ladder.rung, 0)
      // Before the first failure there is no plain poll.
      if (n) await ladder.work(2)
      await ladder.fail(n * 1000, "network", 5)
    }
    assert.equal(ladder.rung, 1)
  })

  test("long polls begin with 25 s; two cuts at the same age T make it 0.8 T", async () => {
    const ladder = new FeedStage(1)
    assert.equal(await ladder.wait(), 25)
    await ladder.fail(0, "network", 15000)
    assert.equal(await ladder.wait(), 25)
    await ladder.fail(20000, "network", 16000)
    assert.equal(await ladder.wait(), 25, "another age")
    await ladder.fail(40000, "foreign", 15001)
    assert.equal(await ladder.wait(), 12)
    assert.equal(ladder.rung, 1)
    await ladder.fail(60000, "cut", 5000)
    await ladder.fail(70000, "cut", 5000)
    assert.equal(await ladder.wait(), 4)
  })

  test("a limit too short for long polls is a step down", async () => {
    const ladder = new FeedStage(1)
    for (let n = 0; n < 3; n++) await ladder.fail(n * 5000, "network", 2000)
    assert.equal(ladder.rung, 2)
  })

  test("probes come after 1, 2, 4, 8, 15, 15 minutes, and begin again after a change", async () => {
    const ladder = new FeedStage(2), delays = []
    for (let n = 0; n < 6; n++) delays.push(await ladder.probe(false) / 60000)
    assert.deepEqual(delays, [1, 2, 4, 8, 15, 15])
    await ladder.probe(true)
    await ladder.work(1)
    assert.deepEqual([ladder.rung, await ladder.probe(false)], [1, 60000])
  })

  test("the back-off is between 0.5 and 20 s, without an end", async () => {
    for (const random of [0, 0.5, 0.999999]) {
      const ladder = new FeedStage(2)
      let longest = 0
      for (let n = 0; n < 200; n++) {
        const delay = await ladder.fail(n, "network", 0, 0, random)
        assert.ok(delay >= 500 && delay <= 20000, String(delay))
        longest = Math.max(longest, delay)
      }
      assert.ok(random === 0 || longest > 20000 * random - 1)
    }
  })

  test("what the gateway asks for is obeyed, never less, spread, at most five minutes", () => {
    const at = (failures, retry, random) => {
      Math.random = () => random
      return backOff(failures, retry)
    }
    assert.deepEqual([at(0, 7000, 0), at(9, 7000, 1)], [7000, 10500])
    assert.equal(at(0, 299999, 0), 299999)
    assert.equal(at(0, 300000, 0), 300000)
    assert.equal(at(0, 300001, 0), 300000)
    assert.equal(at(0, "soon", 0), 500)
    assert.equal(at(0, -5, 0), 500)
    assert.equal(at(0, NaN, 0), 500)
  })
})

describe("the parser of streams", () => {
  const text = 'retry: 2000\n\nevent: new-message\nid: aa-1\ndata: {"n":"é"}\n\n:\n\n:\nevent: x\ndata:{}\n\nevent: y\ndata: 1\n\ndata: 2\n\n'
  const parse = (pieces) => {
    const got = []
    let rest = ""
    for (const piece of pieces) rest = parseStream(rest + piece, ({ event, data, retry }) => (data || retry) && got.push([event, data, retry]))
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
