// SPDX-License-Identifier: MIT
// A world for the core of the browser module: a clock that a test moves, tabs with globals of their own, and a gateway.
// The module's text is evaluated once for each tab, with the tab's globals as parameters.

import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { FakeGateway } from "./fake-gateway.js"

const browser = resolve(dirname(fileURLToPath(import.meta.url)), "../../../Sources/PasserelleBrowser")

const texts = new Map()

/** The text of the module: bundled from `src`, or as it is served. */
const textOf = (kind) => {
  if (!texts.has(kind)) {
    const text = kind === "Served"
      ? readFileSync(`${browser}/Served/passerelle.js`, "utf8")
      : execFileSync("esbuild", [`${browser}/src/passerelle.js`, "--bundle", "--format=esm", "--log-level=warning"], { encoding: "utf8" })
    const [all, names] = /export\s*\{([^}]*)\};?\s*$/.exec(text)
    const result = names.split(",").map((each) => each.trim().split(/\s+as\s+/)).map(([from, to = from]) => `${to}: ${from}`)
    texts.set(kind, `"use strict";${text.slice(0, -all.length)}\nreturn { ${result} }`)
  }
  return texts.get(kind)
}

export const kinds = ["src", "Served"]

export class World {
  now = 1000
  /** The difference between the wall clock and the steady one. */
  skew = 1.8e12
  timers = new Map()
  lastTimer = 0
  locks = new Map()
  holders = new Map()
  buses = new Map()
  uncaught = []
  random = 0.5

  constructor(kind) {
    this.kind = kind
    this.gateway = new FakeGateway(this)
  }

  setTimeout = (callback, delay = 0) => {
    this.timers.set(++this.lastTimer, { callback, due: this.now + (delay > 0 ? delay : 0) })
    return this.lastTimer
  }

  clearTimeout = (timer) => void this.timers.delete(timer)

  /** Lets promises settle. */
  async settle() {
    for (let count = 0; count < 8; count++) await new Promise((done) => setImmediate(done))
  }

  /** Moves the time, and fires the timers that are due, in order. */
  async pass(milliseconds) {
    const end = this.now + milliseconds
    await this.settle()
    for (;;) {
      const [id, timer] = [...this.timers].filter(([, each]) => each.due <= end).sort((a, b) => a[1].due - b[1].due)[0] ?? []
      if (!timer) break
      this.timers.delete(id)
      this.now = Math.max(this.now, timer.due)
      try {
        timer.callback()
      } catch (error) {
        this.uncaught.push(error)
      }
      await this.settle()
    }
    this.now = end
  }

  tab(options = {}) {
    return new Tab(this, options)
  }
}

/** One tab. `locks: false` and `channels: false` stand for a browser without Web Locks or BroadcastChannel. */
export class Tab {
  constructor(world, { locks = true, channels = true, storage = {}, origin = "https://app.example/chat" } = {}) {
    this.world = world
    this.storage = storage
    this.listeners = new Map()
    this.lockEnds = new Set()
    this.closed = false
    this.document = { hidden: false }
    const { setTimeout, clearTimeout } = world
    const globals = {
      setTimeout: (callback, delay) => setTimeout(() => this.run(callback), delay), clearTimeout,
      performance: { now: () => world.now },
      Date: class extends Date {
        constructor(...values) { super(...values.length ? values : [world.now + world.skew]) }
        static now() { return world.now + world.skew }
      },
      Math: Object.create(Math, Object.fromEntries([...Object.getOwnPropertyNames(Math).map((name) => [name, { value: Math[name] }]), ["random", { value: () => world.random }]])),
      fetch: (url, init) => this.closed ? new Promise(() => {}) : world.gateway.fetch(url, init, this),
      sessionStorage: new Proxy(storage, { set: (target, key, value) => Reflect.set(target, key, String(value)) }),
      location: { href: origin }, document: this.document,
      navigator: locks ? { locks: { request: (...values) => this.lock(...values) } } : {},
      BroadcastChannel: channels ? bus(this) : undefined,
      addEventListener: (type, listener, { signal } = {}) => {
        if (!this.listeners.has(type)) this.listeners.set(type, new Set())
        this.listeners.get(type).add(listener)
        signal?.addEventListener("abort", () => this.listeners.get(type).delete(listener))
      },
    }
    // Tabs have ids from Math.random: each needs its own.
    const unique = Math.random()
    let isFirst = true
    globals.Math = Object.create(globals.Math, { random: { value: () => isFirst ? (isFirst = false, unique) : world.random } })
    globals.globalThis = globals
    Object.assign(this, Function(...Object.keys(globals), textOf(world.kind))(...Object.values(globals)))
  }

  /** An event of the window or the document. */
  fire(type, details = {}) {
    for (const listener of [...this.listeners.get(type) ?? []]) listener({ type, ...details })
  }

  /** The browser ends the tab: no code of it runs any more. */
  close() {
    this.closed = true
    this.world.gateway.closeAll(this)
    for (const end of this.lockEnds) end()
  }

  /** The browser or a dialog stops the tab's code, until `resume`. It keeps its lock and its connections. */
  suspend() {
    this.halted = []
  }

  resume() {
    const halted = this.halted
    this.halted = undefined
    for (const callback of halted) callback()
  }

  run(callback) {
    if (this.halted) this.halted.push(callback)
    else if (!this.closed) callback()
  }

  /** As in browsers, `steal` takes the lock from another tab, whose promise is rejected; those that wait go on waiting. */
  async lock(name, { signal, steal }, callback) {
    if (steal && signal) throw Object.assign(new Error("signal and steal"), { name: "NotSupportedError" })
    const { locks, holders } = this.world
    const before = steal && holders.has(name) ? Promise.resolve() : locks.get(name) ?? Promise.resolve()
    let release, lose
    const end = new Promise((resolve) => { release = resolve }), lost = new Promise((resolve) => { lose = resolve })
    const victim = steal && holders.get(name)
    if (victim) end.then(victim.release)
    else locks.set(name, before.then(() => end))
    const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve))
    await Promise.race([before, aborted])
    if (signal?.aborted || this.closed) {
      before.then(() => setImmediate(() => release()))
      throw Object.assign(new Error("aborted"), { name: "AbortError" })
    }
    victim?.lose("lost")
    holders.set(name, { release, lose })
    await new Promise((done) => setImmediate(done))
    const gone = new Promise((resolve) => this.lockEnds.add(resolve))
    if (await Promise.race([callback({ name }), gone, lost]) === "lost") {
      await new Promise((resolve) => this.run(resolve))
      throw Object.assign(new Error("stolen"), { name: "AbortError" })
    }
    if (holders.get(name).release === release) holders.delete(name)
    release()
  }
}

const bus = (tab) => class {
  constructor(name) {
    const { buses } = tab.world
    if (!buses.has(name)) buses.set(name, new Set())
    this.all = buses.get(name)
    this.all.add(this)
    this.tab = tab
  }

  postMessage(data) {
    if (tab.closed) return
    const text = JSON.stringify(data)
    for (const other of this.all) {
      if (other !== this) setImmediate(() => other.tab.run(() => other.isClosed || other.onmessage?.({ data: JSON.parse(text) })))
    }
  }

  close() {
    this.isClosed = true
    this.all.delete(this)
  }
}

/** Collects what a channel's listeners receive. */
export const collect = (channel) => {
  const got = []
  channel.on("*", (data, event) => got.push(event))
  got.names = () => got.filter((event) => !event.event.startsWith("pusher:subscription_succeeded")).map((event) => event.data?.n ?? event.event)
  return got
}
