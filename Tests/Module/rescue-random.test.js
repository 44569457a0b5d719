// SPDX-License-Identifier: MIT
// `rescue` while both connections are lost and return at random: no event is lost, and none comes twice.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Page, stage } from "./support/rescue-stage.js"

const scenarios = 200, steps = 30

/** Numbers from 0 to 1 that a seed determines. */
const randomOf = (seed) => () => {
  seed = Math.imul(seed ^ seed >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0
  return ((seed ^ seed >>> 13) >>> 0) / 2 ** 32
}

describe("rescue at random", () => {
  let set
  before(async () => { set = await stage() })
  after(() => set.remove())

  /** Returns the numbers that were published after the first subscription of pusher-js, and those that the page got. */
  const play = async (seed) => {
    const page = new Page(set), random = randomOf(seed), sent = []
    let n = 0, isUp = false, hasJoined = false

    const connect = async () => {
      while (page.socket.readyState) await page.pass(500)
      await page.connect()
      isUp = hasJoined = true
    }
    const publish = () => {
      const deliver = [() => page.log.add("new-message", { n }), () => isUp && page.message(n)]
      n++
      if (random() < 0.5) deliver.reverse()
      for (const each of deliver) each()
      if (hasJoined) sent.push(n)
    }
    const acts = [
      publish, publish, publish, publish,
      () => isUp && page.lose(isUp = false),
      () => isUp || page.socket.readyState || connect(),
      () => page.log.down(), () => page.log.up(), () => page.log.up(),
    ]
    await page.pass(100)
    for (let step = 0; step < steps; step++) {
      await acts[Math.floor(random() * acts.length)]()
      await page.pass([100, 300, 1100, 3000, 5000, 12000][Math.floor(random() * 6)])
    }
    page.log.up()
    if (!isUp) await connect()
    await page.pass(40000, 500)
    publish()
    await page.pass(1000)
    page.stop()
    return { sent, got: page.got, active: page.active, open: page.log.open }
  }

  test("no event is lost, and none comes twice", async () => {
    for (let seed = 1; seed <= scenarios; seed++) {
      const { sent, got, active, open } = await play(seed)
      assert.ok(sent.length, `seed ${seed}`)
      assert.deepEqual(sent.filter((n) => !got.includes(n)), [], `lost, seed ${seed}`)
      assert.equal(new Set(got).size, got.length, `twice, seed ${seed}`)
      assert.deepEqual([active, open], [false, 0], `seed ${seed}`)
    }
  })
})
