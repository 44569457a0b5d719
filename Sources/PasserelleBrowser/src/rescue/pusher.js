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
//   those that the gateway supplies; `channel.subscriptionPending` must be false, otherwise pusher-js does not subscribe
//   later.
// - `pusher.send_event(name, data, channel)`: `channel.trigger` calls it. Replaced, to send through the gateway.
// - `pusher.config.channelAuthorizer({socketId, …}, callback)` (since 7.1): requests the auth route. Replaced, so that
//   requests that are never answered do not use up the browser's connections, which the gateway needs.
// - `members.myID`: pusher-js sets it from the answer of the auth route. We set it from the gateway's snapshot.
// - `connection.updateStrategy()`: until 8.0, pusher-js gives WebSockets up for good, with the state `failed`, after two
//   that broke within four minutes of their opening. This makes it forget that.
//
// `pusher.subscribe` and `pusher.unsubscribe` are replaced, too, to follow the page's subscriptions.

import { report } from "../core/support.js"

/** The requests to the auth route at a time; a browser has six connections to a host. */
const longestAsked = 3

/**
 * Replaces methods of `pusher` until `signal` aborts. `keeps(message)` returns true if the page does not get a message of
 * pusher-js now, `announced(name)` is told what else the connection emits, `supplies(name)` is true for the
 * gateway's channels, `sends` returns true if it has sent an event. Returns the function that delivers an event.
 */
export const attach = (pusher, signal, keeps, announced, supplies, sends, subscribed, unsubscribed) => {
  const { connection } = pusher

  /** Calls `run` instead of the method; returns the original one. */
  const replace = (object, name, run) => {
    const before = object[name], call = before.bind(object)
    const ours = object[name] = (...values) => (signal.aborted ? call : run)(...values)
    signal.addEventListener("abort", () => {
      // If others have replaced it in the meantime, ours stays below theirs and passes calls on.
      if (object[name] == ours) object[name] = before
    })
    return call
  }

  const emit = replace(connection, "emit", (name, data) => {
    if (name == "message" ? keeps(data) : announced(name)) return connection
    if (name == "connected") for (const channel of pusher.allChannels()) channel.subscribed = false
    return emit(name, data)
  })
  replace(pusher.channels, "disconnect", () => {
    for (const channel of pusher.allChannels())
      if (supplies(channel.name)) channel.subscriptionPending = false
      else channel.disconnect()
  })
  let asked = 0, parked = []
  const authorize = pusher.config?.channelAuthorizer && replace(pusher.config, "channelAuthorizer", (...call) => {
    parked.push(call)
    request()
  })
  const request = () => {
    // A request for an earlier connection is useless.
    parked = parked.filter(([{ socketId }]) => socketId == connection.socket_id)
    if (asked >= longestAsked || !parked[0]) return
    const [details, callback] = parked.shift()
    asked++
    authorize(details, (error, answer) => {
      asked--
      callback(error, answer)
      request()
    })
  }
  const send = replace(pusher, "send_event", (...values) => sends(...values) || send(...values))
  const subscribe = replace(pusher, "subscribe", (name) => {
    const channel = subscribe(name)
    subscribed(name)
    return channel
  })
  const unsubscribe = replace(pusher, "unsubscribe", (name) => {
    unsubscribed(name)
    unsubscribe(name)
  })

  /** Gives an event of the gateway to the page as pusher-js does. */
  return ({ event, data, ...message }) => {
    const members = pusher.channel(message.channel)?.members
    if (event == "pusher:subscription_error") data = { type: "AuthError", error: data.message, ...data }
    if (members && data?.me) members.myID = data.me
    event = event.replace(/^pusher:(?=subscription_[sc]|member_)/, "pusher_internal:")
    try { emit("message", { ...message, event, data }) } catch (error) { report(error) }
  }
}

/** Asks Channels for an answer. */
export const ask = (pusher) => pusher.send_event("pusher:ping", {})

/** Lets pusher-js connect again if it has given up. */
export const revive = ({ connection }) => {
  if (connection.state != "failed") return
  connection.updateStrategy?.()
  connection.connect()
}

/** Emits an error as pusher-js does. */
export const emitError = ({ connection }, error) => connection.emit("error", { type: error.name, error })

/** Empties the channels, as pusher-js does without a connection. */
export const emptyChannels = ({ channels }) => channels.disconnect()
