// SPDX-License-Identifier: MIT
// A client of passerelle-pusher.js over a gateway without a network, with a clock that the test moves.

import { Clock } from "./clock.js"
import { stage } from "./stage.js"

/** Loads one form of the module. Returns its exports, and a function that makes fixtures. */
export async function pusherFixtures(form) {
  const staged = stage(form)
  const { default: Pusher, BadEventName } = await staged.load("passerelle-pusher.js")
  const { gateways, SendBlocked } = await staged.load("passerelle.js")
  process.on("exit", staged.remove)
  return { form, Pusher, BadEventName, SendBlocked, gateways, make: (options) => new PusherFixture(Pusher, gateways, options) }
}

class PusherFixture {
  clock = new Clock().install()
  /** The connection's events in order, as [name, data]. */
  told = []

  constructor(Pusher, gateways, options) {
    this.gateways = gateways
    this.pusher = new Pusher("key", { cluster: "eu", ...options })
    this.pusher.connection.bind_global((event, data) => event !== "message" && this.told.push([event, data]))
  }

  get state() {
    return this.pusher.connection.state
  }

  /** The gateway in use. */
  get gateway() {
    return this.gateways.at(-1)
  }

  /** The gateway's side of a channel. */
  chat(name) {
    return this.gateway.channels.get(name)
  }

  /** The gateway answers. */
  live() {
    this.gateway.change({ state: "live" })
    return this
  }

  /** A channel whose subscription has succeeded. */
  subscribed(name, hash = {}, me) {
    const channel = this.pusher.subscribe(name)
    if (name.startsWith("presence-")) this.chat(name).snapshot(hash, me)
    else this.chat(name).receive("pusher:subscription_succeeded", {})
    return channel
  }

  /** Returns the calls of a new listener of an event. */
  calls(target, event) {
    const calls = []
    target.bind(event, (...values) => calls.push(values))
    return calls
  }

  end() {
    this.pusher.disconnect()
    this.clock.remove()
  }
}
