// SPDX-License-Identifier: MIT

import { makeChannel } from "./channel.js"
import { requester, snapshotEvent } from "./requests.js"
import { addListening, check, onWake } from "./support.js"
import { syncQueue } from "./syncs.js"
import { joinTabs, leave, longestList } from "./tabs.js"

/** Options, with values of the type that each must have. */
const samples = { url: "/", user: "/", token: check, headers: check, sync: check, tabs: true }

export const connect = (options) => {
  options = { url: "/", ...options }
  for (const name in samples) check(name, options[name] ?? samples[name], typeof samples[name])
  const life = new AbortController, { signal } = life, request = requester(options), sync = options.sync && syncQueue(options.sync)
  const channels = new Map
  let current, planned, isRetry

  const started = () => [...channels.values()].filter((channel) => channel._isStarted)

  const set = (change) => {
    const next = { ...current, ...change }
    if (signal.aborted || JSON.stringify(next) == JSON.stringify(current)) return
    Object.assign(gateway, current = next)
    emit("state", next)
  }

  const receive = (message) => {
    const list = started()
    if (!list[0]) return
    set(message.status)
    for (const channel of list) channel._follow(message)
    for (const event of [...message.events, { id: message.to }]) {
      // The position follows the feed, unless events of a channel wait: a page that reloads must
      // not skip them.
      if (event?.id && event.event != snapshotEvent && !gateway._waits()) gateway.position = event.id
      for (const channel of list) channel._take(event)
    }
  }

  const key = "passerelle 2 " + options.url + " " + options.user
  const [want, enter] = joinTabs(key, options.tabs ?? true, request, receive, () => {
    const list = started(), position = list[0]?._position
    // The feed may have sent nothing yet.
    gateway.position ||= position || null
    return [list.map((channel) => channel.name), position]
  })

  /** Does what calls of `subscribe` and `unsubscribe` have led to, once for all calls of a task. */
  const flush = () => {
    planned = 0
    for (const [name, channel] of channels) {
      if (!channel._count) channels.delete(name)
      else if (isRetry && !channel._isStarted) channel._load()
    }
    isRetry = false
    want()
  }

  /** Plans to look after the channels, and asks again for those that are refused if `retry`. */
  const plan = (retry) => {
    isRetry ||= retry
    planned ||= setTimeout(flush)
  }

  onWake(({ type, persisted }) => {
    if (type == "pagehide") enter(leave)
    else if (persisted) enter()
    else want(type, plan(true))
  }, signal)

  const gateway = {
    position: null,
    /** True if events of a channel wait. */
    _waits: () => started().some((channel) => channel._waits()),
    subscribe(name, start = {}) {
      const { after, last = 0 } = start
      check("channel", !signal.aborted && (channels.has(name) || channels.size < longestList) && /^[\w=@,.;-]{1,164}$/.test(name) && name)
      check("after", after ?? name)
      check("last", last >>> 0 == last && last <= 1000 && last, "number")
      let channel = channels.get(name)
      // A channel that was given up in the same task is not taken up again: its listeners expect a
      // new list of members. Without a channel that has started, the feed has no state.
      if (!channel?._count) {
        const setState = (state) => started()[0] || set(state)
        channels.set(name, channel = makeChannel(name, start, request, signal, sync, setState, plan))
      }
      channel._count++
      plan(true)
      return channel
    },
    close() {
      for (const channel of channels.values()) channel._count = 0
      set({ state: "closed", reason: undefined })
      life.abort()
      enter(leave)
    },
  }
  const emit = addListening(gateway)
  set({ state: "connecting", transport: "stream", upstream: "connected" })
  enter()
  return gateway
}
