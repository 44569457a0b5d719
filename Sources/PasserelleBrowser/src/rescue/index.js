// SPDX-License-Identifier: MIT
// Decides when the gateway supplies a pusher-js client. All times are in milliseconds.
//
// Standby: pusher-js leads, and a short connection to the gateway now and then moves the position behind which missed
// events can be read. Active: the gateway's log leads; `ledger.js` has the rules.

import { connect } from "../core/gateway.js"
import { check, now, onWake } from "../core/support.js"
import { makeLedger } from "./ledger.js"
import { ask, attach, emitError, emptyChannels, revive } from "./pusher.js"

/** The gateway takes over if pusher-js has no connection, subscription or answer for this long. */
const patience = 4000
/** pusher-js leads again after it and the gateway's connection have worked for this long. */
const stableTime = 10000
/** By then, the gateway's connection must have been opened at most this long before pusher-js worked. */
const freshness = 5000
/** An event of pusher-js waits for older ones of the log for this long at most. */
const holdTime = 6000
/** In standby the position is renewed after at most this time, or after this number of events. */
const renewTime = 300000
const renewEvents = 250
const tickTime = 500
/** An error is the cause of a state that follows within this time. */
const sameTurn = 50

export const rescue = (pusher, options) => {
  check("pusher", pusher?.allChannels, "function")

  const life = new AbortController
  const ledger = makeLedger()
  /** The followed channels: `_chat` is the core's object, none before the gateway was asked for the channel; `_seen` has the
   * log's latest events, which another connection to the gateway may bring again; of channels with `_isRefused` the log has none. */
  const chats = new Map
  /** The channels to which pusher-js's connection is subscribed: true; those that the auth route refuses it: false. */
  const joined = new Map
  const settings = {
    ...options,
    sync: options?.sync && ((name, cause) => ledger._active && cause.reason != "subscribe" && options.sync(name, cause)),
  }
  let gateway = connect(options), reading, position, opened, live, renewAt = 0
  // pusher-js: whether it is connected; whether it ever lost a connection; whether the page disconnected it; the times of
  // its last error, its last message, and the last question to it; whether it works, and since when.
  let up, lost, paused, failed = 0, alive = now(), pinged, well = false, since = alive
  let timer, hasJoined

  /** True if the page gets the gateway's members of the channel, and sends through the gateway. */
  const supplies = (name) => ledger._active && chats.has(name) && (alive < pinged || !joined.get(name))

  const open = () => {
    close()
    opened = now()
    renewAt = opened + renewTime * (1 - Math.random() / 4)
    if (!chats.size) return
    reading = true
    gateway = connect(settings)
    for (const name of chats.keys()) join(name)
  }

  const join = (name) => {
    const chat = chats.get(name)
    try {
      chat._chat = gateway.subscribe(name, { after: chat._chat && position, _seen: chat._seen })
      chat._chat.on("*", (_, event) => {
        if (/^pusher:sub/.test(event.event)) chat._isRefused = /err/.test(event.event)
        if (/^pusher:/.test(event.event) ? supplies(name) : ledger._fromLog(event, now())) deliver(event)
      })
      // Without a position, nobody knows what was missed.
      if (lost && !position) chat._chat._take({ channel: name, event: "passerelle:gap", data: { reason: "unknown-position" } })
    } catch {
      chat._isRefused = true // not a channel for the gateway
    }
  }

  const close = () => {
    position = gateway.position || position
    gateway.close()
    live = reading = false
  }

  const release = (before) => ledger._release(before).map(deliver)

  const activate = () => {
    if (ledger._active) return
    stop.active = true
    ledger._lead(alive).map(deliver)
    open()
  }

  const retire = () => {
    stop.active = false
    release(Infinity)
    close()
    ledger._settle(paused ? 0 : now(), alive)
    ping()
  }

  const ping = () => {
    pinged = now()
    ask(pusher)
  }

  const tick = () => {
    clearTimeout(timer)
    if (life.signal.aborted) return
    const time = now()
    live = gateway.state == "live" && (live || time)
    // If all are refused, that may be a proxy, which the gateway's requests pass.
    if (well != (up && alive >= pinged && joined.size == chats.size && /^$|true/.test([...joined.values()]))) {
      well = !well
      since = time
    }
    release(time - holdTime)
    if (paused) return retire()
    if (!well && time - since >= patience) activate()
    if (!reading) {
      if (time >= renewAt || ledger._size() >= renewEvents) open()
    } else if (well && time - since >= stableTime && !gateway._waits()) {
      if (opened < since - freshness) open()
      else if (live && time - live >= stableTime) retire()
    }
    timer = setTimeout(tick, reading || !well || alive < pinged ? tickTime : renewAt - time)
  }

  /** A message of pusher-js. Returns true if the page does not get it now. */
  const keeps = (message) => {
    const { event, channel } = message
    alive = now()
    if (!chats.has(channel)) return
    if (/_internal:subscription_su/.test(event)) {
      joined.set(channel, true)
      hasJoined = true
      // pusher-js's subscription begins here.
      ledger._joined(channel)
    }
    tick()
    return !/^pusher.*:/.test(event) && !ledger._fromPusher(message, alive, !chats.get(channel)._isRefused && (live || alive - since < holdTime))
  }

  /** An event of pusher-js's connection. */
  const announced = (name) => {
    if (name == "error") failed = now()
    if (name != "state_change") return
    const { state } = pusher.connection
    lost ||= up
    joined.clear()
    up = state == "connected"
    // After an error, Channels refused the connection for good.
    paused = state == "disconnected" && now() - failed > sameTurn
    pinged = 0
    if (up && lost) activate()
    // Where the auth route never answers, each connection would only leave one more request open.
    if (state == "failed" && hasJoined) setTimeout(() => life.signal.aborted || revive(pusher), patience)
    ledger._connected()
    tick()
  }

  const subscribed = (name) => {
    if (chats.has(name)) return
    chats.set(name, { _seen: new Set })
    pusher.channel(name).bind("pusher:subscription_error", (error) => {
      if (chats.has(name) && /^40[13]/.test(error?.status)) joined.set(name, false)
    })
    reading ? join(name) : open()
    tick()
  }

  const unsubscribed = (name) => {
    chats.get(name)?._chat?.unsubscribe()
    chats.delete(name)
    joined.delete(name)
    ledger._forget(name)
  }

  /** Sends a client event through the gateway, and returns true; otherwise pusher-js is to send it. */
  const sends = (name, data, channel) => {
    if (!live || !/^client-/.test(name) || !supplies(channel)) return
    chats.get(channel)._chat?.send(name, data).catch((error) => emitError(pusher, error))
    return true
  }

  const deliver = attach(pusher, life.signal, keeps, announced, supplies, sends, subscribed, unsubscribed)

  const stop = () => {
    retire()
    life.abort()
    tick()
    up || emptyChannels(pusher)
  }

  stop.active = false
  announced("state_change")
  for (const channel of pusher.allChannels()) {
    subscribed(channel.name)
    if (channel.subscribed) joined.set(channel.name, true)
  }
  onWake(() => {
    ping()
    tick()
  }, life.signal)
  return stop
}
