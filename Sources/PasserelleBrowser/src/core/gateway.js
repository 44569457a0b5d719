// SPDX-License-Identifier: MIT

import { makeChannel } from "./channel.js"
import { openFeed } from "./feed.js"
import { requester, snapshotEvent } from "./requests.js"
import { addListening, check, onWake } from "./support.js"
import { syncQueue } from "./syncs.js"
import { joinTabs, longestList } from "./tabs.js"

/** The options and their types. */
const optionTypes = { url: "string", user: "string", token: "function", headers: "function", sync: "function", tabs: "boolean" }

export const connect = (options) => {
  options = { url: "/", ...options }
  for (const name in optionTypes) if (options[name] != null) check(name, options[name], optionTypes[name])
  const life = new AbortController, { signal } = life, request = requester(options), sync = options.sync && syncQueue(options.sync)
  const channels = new Map
  let current, planned, isRetry

  const started = () => [...channels.values()].filter((channel) => channel._isStarted())

  const set = (change) => {
    const next = { ...current, ...change }
    if (JSON.stringify(next) == JSON.stringify(current)) return
    Object.assign(gateway, current = next)
    emit("state", next)
  }

  /** The position follows the feed, unless events of a channel wait: then a page that reloads must not skip them. */
  const moveTo = (to) => {
    if (!gateway._waits()) gateway.position = to
  }

  const receive = (message) => {
    const list = started()
    if (!list[0]) return
    set(message.status)
    for (const channel of list) channel._follow(message)
    for (const event of message.events) {
      const channel = channels.get(event?.channel)
      if (event?.event != snapshotEvent) moveTo(event.id || gateway.position)
      if (channel?._isStarted()) channel._take(event)
    }
    moveTo(message.to)
  }

  const key = "passerelle 1 " + options.url + " " + options.user
  const tabs = joinTabs(key, options.tabs === false, (...parameters) => openFeed(request, key, ...parameters), receive, () => {
    const list = started()
    return [list.map((channel) => channel.name), list[0]?._position]
  })

  /** Does what calls of `subscribe` and `unsubscribe` have led to, once for all calls of a task. */
  const flush = () => {
    planned = 0
    for (const [name, channel] of channels) {
      if (channel._count) channel._begin(isRetry)
      else channels.delete(name)
    }
    isRetry = false
    tabs._want()
  }

  const plan = (retry) => {
    isRetry ||= retry
    planned ||= setTimeout(flush)
  }

  /** A channel was fetched, or must wait, or is refused. Without a channel that has started, the feed has no state. */
  const onLoaded = (state, reason) => {
    if (!state) {
      gateway.position ??= started()[0]?._position ?? null
      plan()
    } else if (!started()[0]) set({ state, reason })
  }

  onWake(({ type, persisted }) => {
    if (type == "pagehide") tabs._leave()
    else if (persisted) tabs._join()
    else {
      plan(true)
      tabs._wake(type)
    }
  }, signal)

  const gateway = {
    position: null,
    /** True if events of a channel wait. */
    _waits: () => started().some((channel) => channel._waits()),
    subscribe(name, start = {}) {
      const { after, last } = start
      check("channel", !signal.aborted && (channels.has(name) || channels.size < longestList) && /^[\w=@,.;-]{1,164}$/.test(name) && name)
      if (after != null) check("after", after)
      if (last != null) check("last", last >= 0 && last <= 1000 && last % 1 == 0 && last, "number")
      let channel = channels.get(name)
      // A channel that was given up in the same task is not taken up again: its listeners expect a new list of members.
      if (!channel?._count) channels.set(name, channel = makeChannel(name, start, request, signal, sync, onLoaded, plan))
      channel._count++
      plan(true)
      return channel
    },
    close() {
      for (const channel of channels.values()) channel._count = 0
      set({ state: "closed", reason: undefined })
      life.abort()
      tabs._leave()
    },
  }
  const emit = addListening(gateway)
  set({ state: "connecting", transport: "stream", upstream: "connected" })
  tabs._join()
  return gateway
}
