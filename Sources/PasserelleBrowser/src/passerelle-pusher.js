// SPDX-License-Identifier: MIT

import { connect } from "./passerelle.js"
import { encrypted } from "./pusher/admission.js"
import { Channel } from "./pusher/channel.js"
import { Connection } from "./pusher/connection.js"
import { Dispatcher } from "./pusher/dispatcher.js"
import { User } from "./pusher/user.js"

export { BadEventName } from "./pusher/channel.js"

/** The API of pusher-js, over a gateway. */
export default class Pusher extends Dispatcher {
  static ready() {
    Pusher.isReady = true
    for (const pusher of Pusher.instances) pusher.connect()
  }

  constructor(key, options = {}) {
    super()
    if (key == null) throw new TypeError("key: missing")
    this.key = key
    this.options = options
    this.channels = { channels: Object.create(null) }
    this.user = new User()
    this.connection = new Connection(this, connect)
    if (Pusher.isReady) this.connect()
    Pusher.instances.push(this)
  }

  channel(name) {
    return this.channels.channels[name]
  }

  allChannels() {
    return Object.values(this.channels.channels)
  }

  connect() {
    this.connection.connect()
  }

  disconnect() {
    this.connection.disconnect()
  }

  subscribeAll() {
    for (const { name } of this.allChannels()) this.subscribe(name)
  }

  /** Returns the channel's object, which is the same one until the channel is unsubscribed. */
  subscribe(name) {
    const channel = (this.channels.channels[name] ??= new Channel(checked(name, this.options), this))
    if (channel.subscriptionPending) channel.subscriptionCancelled = false
    else if (this.connection.state === "connected") channel.subscribe()
    this.connection._open(channel)
    return channel
  }

  /** Removes the channel; if its subscription is pending, as soon as that has an outcome. */
  unsubscribe(name) {
    const channel = this.channel(name)
    if (channel?.subscriptionPending) {
      channel.subscriptionCancelled = true
    } else if (channel) {
      delete this.channels.channels[name]
      channel.unsubscribe()
      this.connection._rest()
    }
  }

  /** Sends a client event; returns false if nothing was sent. */
  send_event(event, data, name) {
    const chat = this.channel(name)?._chat
    if (!chat || this.connection.state !== "connected") return false
    chat.send(event, data).catch((error) => this.connection.emit("error", { type: error.name, error }))
    return true
  }

  signin() {
    this.user.signin()
  }

  /** Takes the new key and cluster, and connects again: the gateway depends on neither. */
  switchCluster({ appKey, cluster }) {
    this.key = appKey
    this.options = { ...this.options, cluster }
    this.connection._close()
    this.connect()
  }

  shouldUseTLS() {
    return this.options.forceTLS !== false
  }

  _log(message) {
    if (Pusher.log) Pusher.log(message)
    else if (Pusher.logToConsole) console.log(message)
  }
}

Object.assign(Pusher, {
  instances: [],
  isReady: true,
  logToConsole: false,
  Runtime: {},
  ScriptReceivers: {},
  DependenciesReceivers: {},
  auth_callbacks: {},
})

function checked(name, { decrypt }) {
  if (!name?.match?.(/^[\w=@,.;-]{1,164}$/)) throw new TypeError(`channel_name: ${name}`)
  if (encrypted(name) && !decrypt) console.error("passerelle: no decrypt:", name)
  return name
}
