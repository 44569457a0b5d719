// SPDX-License-Identifier: MIT
// Everything that `rescue` uses of pusher-js (7 and 8) beyond its documented API:
//
// - `connection.emit("message", {event, channel, data, user_id})`: each message of the WebSocket passes here. pusher-js
//   then gives it to the channel (bindings, members, decryption) and to `pusher.bind`. We call it with the log's
//   events, and replace it on the object, to see, hold and drop messages.
// - The same method announces errors and states. An `error` just before the state `disconnected` means that Channels
//   refused the connection for good; without it, the page called `disconnect()`. Before `connected`,
//   `channel.subscribed` must be false, otherwise pusher-js does not subscribe.
// - `pusher.channels.disconnect()`: pusher-js calls it without a connection, to empty the channels. Replaced, to keep
//   those that the gateway supplied; `channel.subscriptionPending` must be false, otherwise pusher-js does not subscribe
//   later.
// - `pusher.send_event(name, data, channel)`: `channel.trigger` calls it. Replaced, to send through the gateway.
// - `pusher.config.channelAuthorizer({socketId, …}, callback)` (since 7.1): requests the auth route. Replaced, so that
//   requests that are never answered do not use up the browser's connections, which the gateway needs.
// - `members.setMyID(id)`: pusher-js calls it with the answer of the auth route. We call it with the gateway's snapshot.
// - `connection.updateStrategy()`: until 8.0, pusher-js gives WebSockets up for good, with the state `failed`, after two
//   that broke within four minutes of their opening. This makes it forget that.
//
// `pusher.subscribe` and `pusher.unsubscribe` are replaced, too, to follow the page's subscriptions.

import { report } from "../core/support.js"

/** The requests to the auth route at a time; a browser has six connections to a host. */
const longestAsked = 3

/**
 * Replaces methods of `pusher` until `signal` aborts. `keeps(message)` returns true if the page does not get a message of
 * pusher-js now, `changed(isRefusal)` is told that the connection has another state, `supplied(name)` returns the core's
 * channel if the gateway supplies it. `subscribed` gets a channel, and returns it; `unsubscribed` gets a name. Returns four
 * functions.
 */
export const attach = (pusher, signal, keeps, changed, supplied, subscribed, unsubscribed) => {
  const { connection } = pusher
  let last, free = longestAsked, parked = []

  /** Calls `run` before the method, and does not call the method if `run` returns something. Returns the method. */
  const hook = (object, name, run) => {
    const before = object[name], call = before?.bind(object)
    const ours = object[name] = (...values) => !signal.aborted && run(...values) || call(...values)
    signal.addEventListener("abort", () => {
      // If others have replaced it in the meantime, ours stays below theirs and passes calls on.
      if (object[name] == ours) object[name] = before
    })
    return call
  }

  const emit = hook(connection, "emit", (name, data) => {
    if (name == "state_change") {
      // Requests for an earlier connection are useless.
      parked = []
      changed(last == "error")
    }
    last = name
    if (name == "connected") pusher.allChannels().map((channel) => { channel.subscribed = false })
    return name == "message" && keeps(data)
  })
  const empty = hook(pusher.channels, "disconnect", () => pusher.allChannels().map((channel) =>
    supplied(channel.name) ? channel.subscriptionPending = false : channel.disconnect()))
  const authorize = hook(pusher.config, "channelAuthorizer", (details, callback) => {
    parked.push(() => authorize(details, (...answer) => {
      free++
      callback(...answer)
      request()
    }))
    request()
    return true
  })
  const request = () => free && parked[0] && parked.shift(free--)()
  const send = hook(pusher, "send_event", (name, data, channel) =>
    !!supplied(channel)?.send(name, data).catch((error) => emit("error", { type: error.name, error })))
  const subscribe = hook(pusher, "subscribe", (name) => subscribed(subscribe(name)))
  hook(pusher, "unsubscribe", unsubscribed)

  /** Gives an event of the gateway to the page as pusher-js does. */
  const deliver = ({ ...message }) => {
    const { event, data } = message
    if (event == "pusher:subscription_error") message.data = { type: "AuthError", error: data.message, ...data }
    // Those about members and subscriptions, but not `subscription_error` and `cache_miss`.
    if (/^pusher:.*[dt]$/.test(event)) {
      message.event = event.replace(":", "_internal:")
      if (data?.me) pusher.channel(message.channel)?.members?.setMyID(data.me)
    }
    try { emit("message", message) } catch (error) { report(error) }
  }

  return [
    deliver,
    /** Asks Channels for an answer. */
    () => send("pusher:ping", {}),
    /** Lets pusher-js connect again if it has given up. */
    () => {
      if (connection.state != "failed") return
      connection.updateStrategy?.()
      connection.connect()
    },
    empty
  ]
}
