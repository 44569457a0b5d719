// SPDX-License-Identifier: MIT

import { admitted } from "./admission.js"
import { Dispatcher } from "./dispatcher.js"
import { gatewayOptions } from "./options.js"

/** How long a connection may take before its state is `unavailable`, in milliseconds. */
const UNAVAILABLE_TIMEOUT = 10000

/** `pusher.connection`: the gateway's state in the words of pusher-js. */
export class Connection extends Dispatcher {
  /** `connect` is that of `passerelle.js`. */
  constructor(pusher, connect) {
    super()
    this.state = "initialized"
    // A reader of the gateway has no socket at Channels.
    this.socket_id = null
    this._pusher = pusher
    const options = gatewayOptions(pusher.options)
    this._connect = () => connect(options)
  }

  connect() {
    if (this._gateway && this.state !== "disconnected") return
    this._close()
    const gateway = this._connect()
    this._gateway = gateway
    this._live = false
    gateway.on("state", (change) => gateway === this._gateway && this._follow(change))
    this._move("connecting")
    for (const channel of this._pusher.allChannels()) this._open(channel)
    this._rest()
  }

  disconnect() {
    this._close()
    this._move("disconnected")
  }

  /** Opens a channel at the gateway. */
  _open(channel) {
    if (!this._gateway || channel._chat) return
    const chat = this._gateway.subscribe(channel.name)
    channel._chat = chat
    chat.on("*", (data, event) => {
      if (chat === channel._chat) this._receive(channel, admitted(event, channel, this._pusher.options))
    })
    if (!this._live) this._watch()
  }

  /** Passes an event to its channel, which passes it to the listeners of the whole client. */
  _receive(channel, event) {
    if (!event) return
    channel._refused = event.event === "pusher:subscription_error"
    // The first list of members may arrive before the state of its connection.
    if (!this._live && !channel._refused) this._follow({ state: "live", upstream: this._gateway.upstream })
    this._pusher._log(event)
    channel.handleEvent(event)
    this.emit("message", event)
  }

  _close() {
    const gateway = this._gateway
    this._gateway = undefined
    for (const channel of this._pusher.allChannels()) channel._chat = undefined
    gateway?.close()
  }

  /** Without channels nothing is requested, but pages wait for `connected` before they subscribe. */
  _rest() {
    setTimeout(() => this._gateway && !this._pusher.allChannels().length && this._move("connected"))
  }

  /** Follows the gateway's state. A lost connection is `connecting` at first, then `unavailable`; so
   * is Channels if the gateway itself has lost it. */
  _follow({ state, upstream, reason }) {
    if (state === "live") {
      this._live = true
      this._move(upstream === "away" ? "unavailable" : "connected")
    } else if (state === "denied") {
      this._deny(this._pusher.allChannels().filter((channel) => !channel._refused), reason)
    } else if (this._pusher.allChannels().length && (this._live || state === "waiting" || this.state === "disconnected")) {
      if (this.state !== "unavailable") this._move("connecting")
      this._watch()
    }
  }

  /** The gateway refuses the reader. If each channel has been refused by itself, the connection is as
   * good as without channels. */
  _deny(channels, message) {
    this._live = false
    if (!channels.length) return this._move("connected")
    for (const channel of channels) channel.handleEvent({ event: "pusher:subscription_error", data: { message } })
    this.emit("error", { type: "AuthError", error: message })
    this._move("disconnected")
  }

  /** Counts the time until the state is `unavailable`, unless that is being counted already. */
  _watch() {
    const timeout = this._pusher.options.unavailableTimeout ?? UNAVAILABLE_TIMEOUT
    this._timer ??= setTimeout(() => this._move("unavailable"), timeout)
  }

  _move(state) {
    const previous = this.state
    if (state !== "connecting") this._timer = clearTimeout(this._timer)
    if (state === previous) return
    this.state = state
    if (state === "connected") this._pusher.subscribeAll()
    if (state === "disconnected") for (const channel of this._pusher.allChannels()) channel.disconnect()
    const change = { previous, current: state }
    this._pusher._log(change)
    this.emit("state_change", change)
    this.emit(state, state === "connected" ? { socket_id: null } : undefined)
  }
}
