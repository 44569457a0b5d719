// SPDX-License-Identifier: MIT
// The gateway's log, and a `connect` that reads it without a network. It stands for `core/gateway.js` in tests of `rescue`.

let log

export const useLog = (given) => {
  log = given
}

export const connect = (options) => log.connect(options)

export class Log {
  entries = []
  connections = []
  /** While false, connections to the gateway fail. */
  isUp = true
  sent = []
  /** True while channels have not received everything. */
  isFetching = false
  /** Channels that the gateway refuses. */
  refused = []
  members = { usr_7: {}, usr_8: {}, usr_9: {} }

  connect(options) {
    if (typeof options.url !== "string") throw new TypeError("invalid url")
    const connection = new Connection(this, options)
    return connection
  }

  /** An event arrives at the gateway. */
  add(event, data, channel = "presence-bail-1") {
    const entry = { id: "e-" + (this.entries.length + 1), time: "", channel, event, data }
    this.entries.push(entry)
    for (const each of this.connections) each.take(entry)
    return entry
  }

  /** The gateway answers; connections that wait become live. */
  up() {
    this.isUp = true
    for (const each of this.connections) each.begin()
  }

  down() {
    this.isUp = false
    for (const each of this.connections) each.state = "waiting"
  }

  get open() {
    return this.connections.length
  }
}

class Connection {
  state = "connecting"
  position = null
  chats = new Map()

  constructor(log, options) {
    Object.assign(this, { log, options })
  }

  subscribe(name, { after, _seen } = {}) {
    if (this.state === "closed") throw new TypeError("closed")
    if (!/^[\w=@,.;-]+$/.test(name)) throw new TypeError("invalid channel")
    if (!this.log.connections.includes(this)) this.log.connections.push(this)
    const chat = {
      name, after, seen: _seen, listener: null, begun: false,
      on: (_, listener) => { chat.listener = listener },
      _take: (event) => this.tell(chat, event),
      unsubscribe: () => { this.chats.delete(name) },
      send: async (event, data) => {
        if (this.log.refusal) throw this.log.refusal
        this.log.sent.push([name, event, data])
      },
    }
    this.chats.set(name, chat)
    queueMicrotask(() => this.begin())
    return chat
  }

  /** The members, then what came after the position; after an interruption, what came during it. */
  begin() {
    if (this.state === "closed" || !this.log.isUp) return
    this.state = "live"
    for (const chat of this.chats.values()) {
      const { members, entries } = this.log
      if (this.log.refused.includes(chat.name)) {
        this.tell(chat, { id: "", channel: chat.name, event: "pusher:subscription_error", data: { status: 403, message: "no" } })
        continue
      }
      const seen = chat.begun
      chat.begun = entries.length
      if (seen !== false) {
        for (const entry of entries.slice(seen)) if (entry.channel === chat.name) this.tell(chat, entry)
        continue
      }
      const presence = { count: Object.keys(members).length, ids: Object.keys(members), hash: { ...members } }
      this.tell(chat, { id: "e-" + entries.length, channel: chat.name, event: "pusher:subscription_succeeded", data: { presence, me: "usr_7" } })
      const from = chat.after ? +chat.after.slice(2) : entries.length
      for (const entry of entries.slice(from)) if (entry.channel === chat.name) this.tell(chat, entry)
    }
    if ([...this.chats.keys()].every((name) => this.log.refused.includes(name))) this.state = "denied"
    this.position = "e-" + this.log.entries.length
  }

  take(entry) {
    if (this.state !== "live") return
    this.position = entry.id
    const chat = this.chats.get(entry.channel)
    if (!chat || chat.begun === false || this.log.refused.includes(chat.name)) return
    chat.begun = this.log.entries.length
    this.tell(chat, entry)
  }

  tell(chat, event) {
    const key = event.id + event.event
    if (event.id && event.event !== "pusher:subscription_succeeded" && chat.seen.has(key)) return
    chat.seen.add(key)
    chat.listener(event.data, event)
    if (event.event === "passerelle:gap") this.options.sync?.(chat.name, { ...event.data, position: event.id })
  }

  _waits() {
    return this.log.isFetching
  }

  on() {
    return this
  }

  close() {
    this.state = "closed"
    this.log.connections = this.log.connections.filter((each) => each !== this)
  }
}
