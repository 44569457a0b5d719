// SPDX-License-Identifier: MIT

import { answerLimit, snapshotEvent } from "./requests.js"
import { addListening, backOff, check, makeEvent, sleep, within } from "./support.js"

/**
 * Events of a channel that may wait for `sync`, and for earlier events; more are replaced by a gap.
 */
const longestQueue = 1000
/** Events of a channel that are recognized if they arrive again. */
const rememberedEvents = 1000

export class SendBlocked extends Error {}

/**
 * One channel of this page: its listeners, its members, and a queue in which events wait for
 * `sync`, or for earlier events that are being fetched. `sync` calls the page's function, `plan` is
 * called when something has begun or ended, and `set` with the state if the channel must wait or is
 * refused. `_seen` are the events that are known from an earlier connection.
 */
export const makeChannel = (name, { after, last, _seen: seen = new Set }, request, signal, sync, set, plan) => {
  let queue = [], held = [], isLoading, isCovered, chain

  const updateMembers = ({ event, data }) => {
    const { me = null, presence, user_id, user_info } = data || {}
    if (event == snapshotEvent) {
      channel.me = me
      channel.members = new Map(Object.entries({ ...presence?.hash }))
    }
    if (/^pusher:member_/.test(event))
      (channel.members = new Map(channel.members))[/added/.test(event) ? "set" : "delete"](user_id, user_info)
  }

  const pump = () => {
    while (queue[0] && !channel.stale && channel._count) {
      const item = queue.shift(), { id: position, event, data } = item, isSnapshot = event == snapshotEvent
      // Snapshots have the position of an event.
      if (position && !isSnapshot && seen.size == seen.add(position + event).size) continue
      const [oldest] = seen
      if (seen.size > rememberedEvents) seen.delete(oldest)
      updateMembers(item)
      emit(event, data, item)
      // The first snapshot comes before the channel has a position.
      const cause = event == "passerelle:gap" ? data : isSnapshot && !channel._position && { reason: "subscribe" }
      if (sync && cause) {
        // Events wait until the page has reloaded its records.
        channel.stale = true
        sync(name, { ...cause, position }, () => channel._count).then(() => {
          channel.stale = false
          pump()
        })
      }
    }
  }

  /** Takes an event in its turn; while earlier ones are being fetched, it waits. */
  const take = (item, list = isLoading ? held : queue) => {
    if (item?.channel != name || !item.event?.trim) return
    list.push(item)
    if (list.length > longestQueue) {
      // What is dropped here must not be missed silently: the page is told to reload it.
      list.splice(0, longestQueue + 1, makeEvent(name, item.id, "passerelle:gap", { reason: "overflow" })).map(updateMembers)
    }
    pump()
  }

  /**
   * Fetches what the channel has not received. If it is new, this is a poll without a position,
   * which shows whether the reader may have it, and brings its members and position; otherwise it
   * is everything after its position.
   */
  const load = async () => {
    if (isLoading) return
    isLoading = true
    for (let failures = 0, isDone; !isDone && channel._count;) {
      const from = channel._position
      chain = undefined
      try {
        isDone = await request("poll", [name], from, signal, ({ events, position }) => {
          for (const event of events) take(event, queue)
          channel._position = !from && after || position
        }, 0, last) && chain !== ""
        channel._isStarted = true
      } catch (error) {
        isDone = error._isPermanent
        // Listeners of the state see which channels were refused by themselves.
        if (isDone) {
          take(makeEvent(name, "", "pusher:subscription_error", { status: error.status, message: error.message }), queue)
          channel._isStarted = false
        }
        set({ state: isDone ? "denied" : "waiting", reason: error.reason })
        if (!isDone) await sleep(backOff(failures++, error.retry_ms))
      }
    }
    isLoading = false
    // A refused channel keeps its position, and fetches what the feed has brought again.
    if (channel._isStarted) {
      channel._position = chain || channel._position
      queue.push(...held)
    }
    held = []
    pump()
    plan()
  }

  const channel = {
    name, members: new Map, me: null, stale: false,
    async send(event, data = {}) {
      check("event", event)
      check("data", data || 0, "object")
      const controller = new AbortController
      try {
        await within(answerLimit, request(`channels/${name}/events`, [], "", controller.signal, 0, 0, 0, JSON.stringify({ event, data })))
      } catch ({ reason = "timeout", status = 0, message = reason }) {
        controller.abort()
        throw Object.assign(new SendBlocked(message), { name: "SendBlocked", reason, status })
      }
    },
    unsubscribe() {
      if (channel._count && !--channel._count) plan()
    },
    /** Calls of `subscribe` without their `unsubscribe`. */
    _count: 0,
    /** Everything up to here was received. */
    _position: 0,
    /** Events arrive, or will when the feed has the channel: it was fetched, and is not refused. */
    _isStarted: false,
    _take: take,
    /** True if events wait, here or at the gateway. */
    _waits: () => isLoading || !isCovered || channel.stale,
    _load: load,
    /**
     * Follows a message of the feed. If the channel's position is not the message's, fetches what
     * is between.
     */
    _follow({ from, to, set, status }) {
      isCovered = set.includes(name)
      if (isCovered && (channel._position != from || status.state == "denied")) load()
      if (isLoading) chain = isCovered && (chain ?? from) == from ? to : ""
      else if (isCovered) channel._position = to
    },
  }
  const emit = addListening(channel)
  return channel
}
