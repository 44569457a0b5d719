// SPDX-License-Identifier: MIT

import { Dispatcher } from "./dispatcher.js"
import { Members } from "./members.js"

/** Thrown by `trigger` if a name does not begin with `client-`. */
export class BadEventName extends TypeError {}
BadEventName.prototype.name = "BadEventName"

export class Channel extends Dispatcher {
  constructor(name, pusher) {
    super()
    this.name = name
    this.pusher = pusher
    this.subscribed = this.subscriptionPending = this.subscriptionCancelled = false
    if (name.startsWith("presence-")) this.members = new Members()
  }

  /** Always succeeds: cookies or `token` admit the reader to the gateway, not to one channel. */
  authorize(socketId, callback) {
    callback(null, { auth: "" })
  }

  /** Sends a client event. Returns true if it was passed on; a later failure is an `error` event of
   * the connection. */
  trigger(event, data) {
    if (!/^client-/.test(event)) throw new BadEventName(`event: ${event} lacks client-`)
    return this.pusher.send_event(event, data, this.name)
  }

  subscribe() {
    if (this.subscribed) return
    this.subscriptionPending = true
    this.subscriptionCancelled = false
  }

  unsubscribe() {
    this.subscribed = false
    this._chat?.unsubscribe()
    this._chat = undefined
  }

  disconnect() {
    this.subscribed = this.subscriptionPending = false
    this.members?._reset()
  }

  /** Handles an event of the gateway. */
  handleEvent({ event, data, user_id }) {
    const { members } = this
    if (/^pusher:subscription_[se]/.test(event)) {
      this._settle(event, data)
    } else if (event === "pusher:subscription_count") {
      this.subscriptionCount = data.subscription_count || this.subscriptionCount
      this.emit(event, data)
    } else if (event === "pusher:member_added") {
      this.emit(event, members?._add(data))
    } else if (event === "pusher:member_removed") {
      data = members?._remove(data)
      if (data) this.emit(event, data)
    } else {
      this.emit(event, data, members && user_id ? { user_id } : {})
      this.pusher.emit(event, data)
    }
  }

  /** A subscription succeeded or was refused. Each reconnection repeats it, with the members of now. */
  _settle(event, data) {
    this.subscribed = event === "pusher:subscription_succeeded"
    this.subscriptionPending = false
    if (this.subscriptionCancelled) {
      this.pusher.unsubscribe(this.name)
    } else if (!this.subscribed) {
      this.emit(event, { type: "AuthError", error: data.message, status: data.status })
    } else if (this.members) {
      this.members._replace(data)
      this.emit(event, this.members)
    } else {
      this.emit(event, data)
    }
  }
}
