// SPDX-License-Identifier: MIT
// The feed of the core without a network and with a time that the test gives, to see what its ladder decides.

import { openFeed } from "../../../Sources/PasserelleBrowser/src/core/feed.js"

const real = { setTimeout, now: Date.now, random: Math.random }
const transports = ["stream", "longpoll", "poll"]

/** Lets promises that have settled continue. */
const settle = async () => {
  for (let count = 0; count < 4; count++) await new Promise((resolve) => setImmediate(resolve))
}

export class FeedStage {
  /** The requests that have no answer yet. */
  pending = []
  /** The milliseconds of the timers that were set, in order, and what they call. */
  timers = []
  time = 1e9
  random = 0.5
  position = 0

  /** A feed that begins at a rung, as if an earlier page had used it. */
  constructor(rung) {
    this.first = rung
    Date.now = () => this.time
    Math.random = () => this.random
    globalThis.setTimeout = (callback, milliseconds) => void this.timers.push({ callback, milliseconds })
    globalThis.sessionStorage = { key: [rung, this.time] + "" }
    this.feed = openFeed((...call) => this.request(...call), "key", (message) => { this.status = message.status })
    this.feed(["a"], "p-0")
  }

  static restore() {
    Object.assign(Date, { now: real.now })
    Object.assign(Math, { random: real.random })
    Object.assign(globalThis, { setTimeout: real.setTimeout })
    delete globalThis.sessionStorage
  }

  request(path, names, after, signal, onNews, wait) {
    return new Promise((resolve, reject) => {
      const rung = path === "events" ? 0 : wait ? 1 : 2
      const request = { rung, wait, resolve, reject, onNews }
      this.pending.push(request)
      signal.addEventListener("abort", () => {
        this.pending = this.pending.filter((each) => each !== request)
        reject({ reason: "network" })
      })
    })
  }

  /** The gateway answers a request, or sends a piece of a stream. */
  async answer(request) {
    request.onNews({ events: [], position: "p-" + ++this.position })
    if (request.rung) {
      this.pending.splice(this.pending.indexOf(request), 1)
      request.resolve(1000)
    }
    await settle()
  }

  /** Begins another attempt at a time, and answers the plain polls before it, unless `used` is one. */
  async begin(used, time) {
    this.time = 1e12
    this.feed(["a"], "p-0", "resume")
    this.time = 1e9 + time
    await settle()
    while (this.pending.at(-1).rung !== used) await this.answer(this.pending.at(-1))
    return this.pending.at(-1)
  }

  get rung() {
    return this.status ? transports.indexOf(this.status.transport) : this.first
  }

  /** Seconds that the gateway may hold a long poll. */
  async wait() {
    return (await this.begin(1, 0)).wait
  }

  /** Something arrives by a rung. */
  async work(used) {
    await this.answer(await this.begin(used, 0))
  }

  /** An attempt with a rung fails at a time and at an age. Returns the time to the next. */
  async fail(time, reason, age = 0, retry_ms = 0, random = 0.5, used = this.rung) {
    const request = await this.begin(used, time - age)
    this.time = 1e9 + time
    this.random = random
    this.pending = []
    request.reject({ reason, retry_ms })
    await settle()
    return this.timers.at(-1).milliseconds
  }

  /** The transport above is tried, and works or does not. Returns the time that passed before. */
  async probe(works) {
    await settle()
    const { callback, milliseconds } = this.timers.filter(({ milliseconds }) => milliseconds >= 60000).at(-1)
    const before = this.pending.length
    callback()
    await settle()
    const request = this.pending[before]
    this.pending.splice(before, 1)
    try {
      if (works) this.time += 20000
      request.onNews({ events: [], position: "p-x" })
    } catch {}
    request.reject({ reason: "network" })
    await settle()
    return milliseconds
  }
}
