// SPDX-License-Identifier: MIT

import { isPermanent, snapshotEvent } from "./requests.js"
import { addListening, backOff, check, makeEvent, sleep, within } from "./support.js"

/** Events of a channel that may wait for `sync` or for earlier events; more are replaced by a gap. */
const longestQueue = 1000
/** Events of a channel that are recognized if they arrive again. */
const rememberedEvents = 1000
/** The time within which the gateway must answer an event that the page sends, `token()` included, in milliseconds. */
const sendLimit = 10000

export class SendBlocked extends Error {}

/**
 * One channel of this page: its listeners, its members, and a queue in which events wait for `sync`, or for earlier events
 * that are being fetched. `sync` calls the page's function, `onLoaded` is called when the channel was fetched or refused, with
 * a reason if it must wait or is refused. `_seen` are the events that are known from an earlier connection.
 */
export const makeChannel = (name, { after, last = 0, _seen: seen = new Set }, request, signal, sync, onLoaded, onUnused) => {
  let queue = [], held = [], hasBegun, isLoading, isBehind, chain

  const updateMembers = ({ event, data }) => {
    const { me = null, presence, user_id, user_info } = data || {}
    if (event == snapshotEvent) {
      channel.me = me
      channel.members = new Map(Object.entries(presence?.hash || {}))
    }
    if (/^pusher:member_/.test(event))
      (channel.members = new Map(channel.members))[/removed/.test(event) ? "delete" : "set"](user_id, user_info)
  }

  /** Calls `sync`. Events wait until it has succeeded. */
  const reload = async (position, cause, isForAll) => {
    if (!sync) return
    channel.stale = true
    await sync(name, { ...cause, position }, isForAll, () => channel._count)
    channel.stale = false
    pump()
  }

  const pump = () => {
    while (queue[0] && !channel.stale && channel._count) {
      const item = queue.shift(), { id, event, data } = item, isSnapshot = event == snapshotEvent
      // Snapshots have the position of an event.
      if (id && !isSnapshot && seen.size == seen.add(id + event).size) continue
      if (seen.size > rememberedEvents) seen.delete(seen.values().next().value)
      updateMembers(item)
      if (isSnapshot && !hasBegun) reload(id, { reason: "subscribe" })
      hasBegun ||= isSnapshot
      emit(event, data, item)
      emit("*", data, item)
      if (event == "passerelle:gap") reload(id, data, !data?.from || data.reason == "unknown-position")
    }
  }

  /** Takes an event in its turn; while earlier ones are being fetched, it waits. */
  const take = (item, isFetched) => {
    if (typeof item?.event != "string") return
    (isLoading && !isFetched ? held : queue).push(item)
    if (queue.length + held.length > longestQueue) {
      // What is dropped here must not be missed silently: the page is told to reload it.
      [...queue, ...held].map(updateMembers)
      queue = [makeEvent(name, item.id, "passerelle:gap", { reason: "overflow" })]
      held = []
    }
    pump()
  }

  /**
   * Fetches what the channel has not received. If it is new, this is a poll without a position, which shows whether the reader may
   * have it, and brings its members and position; otherwise it is everything after its position.
   */
  const load = async (failures = 0) => {
    if (signal.aborted || !channel._count) return
    const from = channel._position
    isLoading = true
    try {
      const { events, position, more } = await request._poll([name], from, signal, 0, last)
      for (const event of events) take(event, true)
      channel._position = !from && after || position
      channel._isRefused = false
      if (more || chain === null) {
        chain = undefined
        return load()
      }
      channel._position = chain || channel._position
    } catch (error) {
      const { _reason, _retry, _status: status, _message: message } = error
      if (!isPermanent(error)) {
        onLoaded("waiting", _reason)
        await sleep(backOff(failures, _retry))
        return load(failures + 1)
      }
      take(makeEvent(name, "", "pusher:subscription_error", { status, message }), true)
      channel._isRefused = true
      onLoaded("denied", _reason)
    }
    isLoading = chain = undefined
    queue.push(...held)
    held = []
    pump()
    onLoaded()
  }

  const channel = {
    name, members: new Map, me: null, stale: false,
    async send(event, data = {}) {
      check("event", event)
      check("data", data || 0, "object")
      const controller = new AbortController
      try {
        await within(sendLimit, request(`channels/${name}/events?`, controller.signal, sendLimit, 0, JSON.stringify({ event, data })))
      } catch ({ _reason: reason = "timeout", _status: status = 0, _message = reason }) {
        controller.abort()
        throw Object.assign(new SendBlocked(_message), { name: "SendBlocked", reason, status })
      }
    },
    unsubscribe() {
      if (channel._count && !--channel._count) onUnused()
    },
    /** Calls of `subscribe` without their `unsubscribe`. */
    _count: 0,
    /** Everything up to here was received. */
    _position: 0,
    /** Events arrive, or will when the feed has the channel. */
    _isStarted: () => channel._position && !channel._isRefused,
    _take: take,
    /** True if events wait, here or at the gateway. */
    _waits: () => isLoading || isBehind || channel.stale,
    /** Begins, unless it has begun. A refused channel begins again if `isRetry`. */
    _begin: (isRetry) => isLoading || (channel._isRefused ? !isRetry : channel._position) || load(),
    /** Follows a message of the feed. If the channel's position is not the message's, fetches what is between. */
    _follow({ from, to, set, status }) {
      isBehind = !set.includes(name)
      if (isLoading) chain = isBehind || (chain !== undefined && chain != from) ? null : to
      else if (isBehind) return
      else if (channel._position == from && status.state != "denied") channel._position = to
      else {
        load()
        chain = to
      }
    },
  }
  const emit = addListening(channel)
  return channel
}
