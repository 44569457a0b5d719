// SPDX-License-Identifier: MIT
// A stand-in for the module `passerelle.js`: a gateway without a network, with the API of `passerelle.js`. Tests put it in the place of
// `passerelle.js`, so what uses it depends on that API only.

/** The gateways that were made, in order. */
export const gateways = []

export class SendBlocked extends Error {
  name = "SendBlocked"
}

class FakeChannel {
  members = new Map()
  me = null
  stale = false
  sent = []
  #listeners = []

  constructor(gateway, name, options) {
    Object.assign(this, { gateway, name, options, users: 1 })
  }

  on(event, listener) {
    if (typeof listener !== "function") throw new TypeError("listener must be a function")
    this.#listeners.push({ event, listener })
    return this
  }

  off(event, listener) {
    this.#listeners = this.#listeners.filter((each) => each.event !== event || (listener && each.listener !== listener))
    return this
  }

  get listenerCount() {
    return this.#listeners.length
  }

  send(event, data) {
    this.sent.push({ event, data })
    return this.blocked ? Promise.reject(this.blocked) : Promise.resolve()
  }

  unsubscribe() {
    if (--this.users === 0) {
      this.#listeners = []
      this.gateway.channels.delete(this.name)
      this.gateway.requests++
    }
  }

  /** Delivers an event, as the gateway would. */
  receive(event, data, user_id) {
    if (event === "pusher:subscription_succeeded") {
      this.members = new Map(Object.entries(data.presence?.hash ?? {}))
      this.me = data.me ?? null
    } else if (event === "pusher:member_added") {
      this.members = new Map(this.members).set(data.user_id, data.user_info)
    } else if (event === "pusher:member_removed") {
      this.members = new Map(this.members)
      this.members.delete(data.user_id)
    }
    const object = { id: `e-${++this.gateway.sequence}`, time: "2026-03-02T09:01:10.412Z", channel: this.name, event, data }
    if (user_id) object.user_id = user_id
    for (const each of this.#listeners) {
      if (each.event === event || each.event === "*") each.listener(data, object)
    }
  }

  /** Delivers a list of members: `{id: info}`. */
  snapshot(hash, me) {
    this.receive("pusher:subscription_succeeded", { presence: { count: Object.keys(hash).length, ids: Object.keys(hash), hash }, me })
  }
}

class FakeGateway {
  state = "connecting"
  transport = "stream"
  reason = undefined
  upstream = "connected"
  position = null
  channels = new Map()
  sequence = 0
  /** A new set of channels is a new request. */
  requests = 0
  #listeners = new Set()

  constructor(options) {
    this.options = options
  }

  subscribe(name, options) {
    if (this.state === "closed") throw new TypeError("the gateway is closed")
    const known = this.channels.get(name)
    if (known) known.users++
    else {
      this.channels.set(name, new FakeChannel(this, name, options))
      this.requests++
    }
    return this.channels.get(name)
  }

  on(name, listener) {
    this.#listeners.add(listener)
    return this
  }

  off(name, listener) {
    this.#listeners.delete(listener)
    return this
  }

  get listenerCount() {
    return this.#listeners.size
  }

  close() {
    this.change({ state: "closed" })
  }

  /** Changes the state, as the network would. */
  change(values) {
    Object.assign(this, values)
    const { state, transport, reason, upstream } = this
    for (const listener of this.#listeners) listener({ state, transport, reason, upstream })
  }
}

export function connect(options) {
  for (const name of ["token", "headers", "sync"]) {
    if (options[name] != null && typeof options[name] !== "function") throw new TypeError(`${name} must be a function`)
  }
  const gateway = new FakeGateway(options)
  gateways.push(gateway)
  return gateway
}

export function rescue() {
  throw new Error("not in the fake")
}
