// SPDX-License-Identifier: MIT
// `rescue` with a gateway, a WebSocket and a time that the test holds in its hand. pusher-js is the stand-in with the
// same dispatcher.

import { cpSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Clock } from "./clock.js"
import { Log } from "./fake-log.js"
import "../../../examples/pusher-stand-in.js"

const here = dirname(fileURLToPath(import.meta.url))
const source = resolve(here, "../../../Sources/PasserelleBrowser/src")

class Socket {
  static OPEN = 1
  static all = []
  readyState = 0
  sent = []

  constructor() {
    Socket.all.push(this)
  }

  /** While true, questions get no answer. */
  isDead = false

  send(text) {
    const message = JSON.parse(text)
    this.sent.push(message)
    if (message.event === "pusher:ping" && !this.isDead) queueMicrotask(() => this.receive("pusher:pong"))
  }

  receive(event, channel, data, more) {
    this.onmessage({ data: JSON.stringify({ event, channel, data: JSON.stringify(data), ...more }) })
  }

  close() {
    this.readyState = 3
    this.onclose?.()
  }
}

const real = { now: Date.now, performance: globalThis.performance, fetch: globalThis.fetch, WebSocket: globalThis.WebSocket }

/** Loads `rescue` with a fake core; `remove()` restores the globals. */
export async function stage() {
  const folder = mkdtempSync(join(tmpdir(), "passerelle-rescue-"))
  cpSync(join(source, "rescue"), join(folder, "rescue"), { recursive: true })
  mkdirSync(join(folder, "core"))
  cpSync(join(source, "core/support.js"), join(folder, "core/support.js"))
  cpSync(join(here, "fake-log.js"), join(folder, "core/gateway.js"))
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
  const load = (name) => import(pathToFileURL(join(folder, name)))
  const { useLog } = await load("core/gateway.js")
  const { rescue } = await load("rescue/index.js")
  const { makeLedger, longestLedger } = await load("rescue/ledger.js")

  const clock = new Clock().install()
  Date.now = () => 1e12 + clock.now
  Object.defineProperty(globalThis, "performance", { value: { now: () => clock.now }, configurable: true })
  globalThis.WebSocket = Socket
  globalThis.fetch = async (_, { body }) => Page.refused.includes(body.get("channel_name")) ? { ok: false, status: 403 } : ({
    ok: true, json: async () => ({ auth: "a", channel_data: JSON.stringify({ user_id: "usr_7", user_info: {} }) }),
  })

  const remove = () => {
    clock.remove()
    Date.now = real.now
    Object.defineProperty(globalThis, "performance", { value: real.performance, configurable: true })
    Object.assign(globalThis, { fetch: real.fetch, WebSocket: real.WebSocket })
    rmSync(folder, { recursive: true })
  }
  return { rescue, makeLedger, longestLedger, useLog, clock, remove }
}

/** Lets promises that have settled continue. */
export const settle = () => new Promise((resolve) => setImmediate(resolve))

/** A page with a pusher-js client, a channel, and `rescue`. */
export class Page {
  /** The channels that the auth route refuses. */
  static refused = []
  got = []
  log = new Log()

  constructor({ rescue, useLog, clock }, options = {}, pusherOptions = {}) {
    Object.assign(this, { clock })
    useLog(this.log)
    Page.refused = []
    Socket.all = []
    this.pusher = new globalThis.Pusher("key", {
      wsHost: "h", wsPort: 1, channelAuthorization: { endpoint: "/auth" }, ...pusherOptions,
    })
    this.stop = rescue(this.pusher, { url: "/gateway", ...options })
    this.channel = this.pusher.subscribe("presence-bail-1")
    this.channel.bind("new-message", (data) => this.got.push(data.n))
  }

  get socket() {
    return Socket.all.at(-1)
  }

  get active() {
    return this.stop.active
  }

  /** Moves the time in steps, so that promises continue in between. */
  async pass(milliseconds, step = 100) {
    for (let left = milliseconds; left > 0; left -= step) {
      this.clock.pass(Math.min(step, left))
      await settle()
    }
  }

  /** pusher-js's WebSocket opens, and pusher-js subscribes. */
  async connect(isJoining = true) {
    const { socket } = this
    socket.readyState = 1
    socket.receive("pusher:connection_established", undefined, { socket_id: "1." + Socket.all.length })
    await settle()
    if (isJoining) this.join()
  }

  join(hash = { usr_7: {}, usr_8: {} }, name = "presence-bail-1") {
    const presence = { count: Object.keys(hash).length, ids: Object.keys(hash), hash }
    this.socket.receive("pusher_internal:subscription_succeeded", name, { presence })
  }

  /** pusher-js's connection is lost. The stand-in tries again after a second. */
  lose() {
    this.socket.close()
  }

  /** pusher-js receives a message. */
  message(n, event = "new-message") {
    this.socket.receive(event, "presence-bail-1", { n })
  }

  /** Channels delivers a message to pusher-js and to the gateway. */
  both(n) {
    this.message(n)
    this.log.add("new-message", { n })
  }
}
