// SPDX-License-Identifier: MIT
// Decides when the gateway supplies a pusher-js client. All times are in milliseconds.
//
// Standby: pusher-js leads, and a short connection to the gateway now and then moves the position behind which missed
// events can be read. Active: the gateway's log leads; `ledger.js` has the rules.

import { connect } from "../core/gateway.js"
import { check, makeEvent, now, onWake } from "../core/support.js"
import { makeLedger } from "./ledger.js"
import { attach } from "./pusher.js"

/** The gateway takes over if pusher-js has no connection, subscription or answer for this long. */
const patience = 4000
/** pusher-js leads again after it and the gateway's connection have worked for this long. */
const stableTime = 10000
/** By then, the gateway's connection must have been opened at most this long before pusher-js worked. */
const freshness = 5000
/** An event of pusher-js waits for older ones of the log for this long at most. */
const holdTime = 6000
/** In standby the position is renewed after this time and some random seconds, or after this number of events. */
const renewTime = 240000
const renewEvents = 250
const tickTime = 500

export const rescue = (pusher, options) => {
  check("pusher", pusher?.allChannels, "function")

  const life = new AbortController
  /** The followed channels. `_chat` is the core's object, `_seen` has the log's latest events, which another connection to the
   * gateway may bring again. `_joined` is true if pusher-js's connection is subscribed, false if the auth route refuses it;
   * `_isRefused` is true if the gateway does. */
  const chats = new Map
  // The gateway: whether it is open, since when, and since when it has been live.
  let gateway = connect(options), reading, opened, live, position
  // pusher-js: whether it is connected; whether it lost a connection with a subscription; whether the page disconnected it;
  // whether a question to it has no answer; when its last message came; whether it works, and since when.
  let up, lost, paused, asked, alive = now(), well, since

  const stop = () => {
    retire()
    life.abort(clearInterval(timer))
    up || empty()
  }
  const ledger = makeLedger(stop)

  /** Returns the core's channel if the page gets the gateway's members of it, and sends through the gateway. */
  const supplied = (name) => {
    const chat = chats.get(name)
    if (chat && stop.active && (asked || !chat._joined)) return chat._chat
  }

  const open = () => {
    close()
    opened = now()
    reading = true
    gateway = connect({
      ...options,
      sync: options?.sync && ((name, cause) => stop.active && cause.reason != "subscribe" && options.sync(name, cause)),
    })
    chats.forEach(join)
  }

  const join = (chat, name) => {
    try {
      chat.after = chat._chat && position
      chat._chat = gateway.subscribe(name, chat)
      chat._chat.on("*", (_, event) => {
        chat._isRefused = event.event == "pusher:subscription_error"
        if (/^pusher.*:/.test(event.event) ? supplied(name) : ledger._fromLog(event, now())) deliver(event)
      })
      // Without a position, nobody knows what was missed.
      if (lost && !position) chat._chat._take(makeEvent(name, "", "passerelle:gap", { reason: "unknown-position" }))
    } catch {
      chats.delete(name) // not a channel for the gateway
    }
  }

  const close = () => {
    position = gateway.position || position
    gateway.close()
    live = reading = false
  }

  const retire = () => {
    ledger._release(now()).map(deliver)
    close()
    ledger._settle(paused ? 0 : now(), alive)
    ping()
  }

  const ping = () => {
    asked = true
    ask()
  }

  const tick = (isBack) => {
    // NaN if a subscription has no answer; 0 if all are refused, which may be a proxy's work; negative if the gateway serves
    // none of them.
    const time = now(), joined = Math.max(...[...chats.values()].map((chat) => chat._isRefused ? -1 : chat._joined))
    if (well != (well = up && !asked && !!joined)) since = time
    live = (gateway.state == "live" || joined < 0) && (live || time)
    ledger._release(time - holdTime).map(deliver)
    if (paused) return retire()
    if (!well && time - since >= patience || isBack) {
      if (!stop.active) {
        ledger._settle(0, alive)
        ledger._lead().map(deliver)
        open()
      }
      if (lost) revive()
    }
    if (!reading) {
      if (time - opened >= renewTime * (1 + Math.random() / 2) || ledger._entries.size >= renewEvents) open()
    } else if (well && live && time - since >= stableTime && time - live >= stableTime && !gateway._waits()) {
      opened >= since - freshness ? retire() : open()
    }
  }

  /** A message of pusher-js. Returns true if the page does not get it now. */
  const keeps = (message) => {
    const chat = chats.get(message.channel)
    alive = now()
    asked = false
    if (!chat) return
    if (/^pusher_.*succ/.test(message.event)) {
      // pusher-js's subscription begins here.
      chat._joined = true
      ledger._joined(message.channel)
    }
    tick()
    return !/^pusher.*:/.test(message.event) &&
      !ledger._fromPusher(message, alive, !chat._isRefused && (live || alive - since < holdTime))
  }

  /** pusher-js's connection has another state. */
  const changed = (isRefusal) => {
    for (const chat of chats.values()) {
      lost ||= chat._joined
      chat._joined = undefined
    }
    up = pusher.connection.state == "connected"
    paused = pusher.connection.state == "disconnected" && !isRefusal
    asked = false
    tick(up && lost)
    ledger._connected()
  }

  const subscribed = (channel) => {
    const { name } = channel, chat = { _seen: new Set, _joined: channel.subscribed || undefined }
    if (!chats.has(name)) {
      chats.set(name, chat)
      channel.bind("pusher:subscription_error", (error) => {
        if (/^40[13]$/.test(error.status)) chat._joined = false
      })
      reading ? join(chat, name) : open()
    }
    return channel
  }

  const unsubscribed = (name) => {
    chats.get(name)?._chat.unsubscribe()
    chats.delete(name)
    ledger._forget(name)
  }

  const [deliver, ask, revive, empty] = attach(pusher, life.signal, keeps, changed, supplied, subscribed, unsubscribed)

  const timer = setInterval(tick, tickTime)
  changed()
  pusher.allChannels().map(subscribed)
  onWake(ping, life.signal)
  return stop
}
