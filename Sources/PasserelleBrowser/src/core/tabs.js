// SPDX-License-Identifier: MIT

import { openFeed } from "./feed.js"
import { sleep } from "./support.js"

/** The time in which the other tabs tell a new leading tab their channels, in milliseconds. */
const answerTime = 100
/** The gateway's limit on channels in one request. */
export const longestList = 100
/**
 * A leading tab that sends no message for this long is suspended, in milliseconds. A stream sends a
 * comment every 15 s.
 */
const silence = 45000
/** The other tabs find that at different times within this, in milliseconds. */
const spread = 10000

/** What `enter` does: nothing more, lead alone, or take the lock of the leading tab. */
export const leave = 1
const alone = 2, steal = 3

/**
 * Gives all tabs of an origin one feed. The tab that holds the lock `name` leads: it opens the
 * feed, and sends the feed's messages to the others, which send it the names of their channels. If
 * it closes, the browser gives the lock to the next tab. A tab whose channels would make the list
 * too long leaves, and leads alone. `receive` gets the messages in every tab; `wants` returns this
 * tab's channels and their position.
 */
export const joinTabs = (name, isShared, request, receive, wants) => {
  const tab = Math.random(), others = new Map
  const locks = isShared && globalThis.BroadcastChannel && globalThis.navigator?.locks
  let feed, bus, turn, timer

  const merge = (names, list) => [...new Set([...names, ...list])]
  const post = (message) => bus?.postMessage(message)

  /**
   * Tells the feed, here or in the leading tab, the channels of this tab; and what woke it up, if
   * anything has.
   */
  const want = (type) => {
    let [names, at] = wants()
    if (!feed) return post({ tab, want: [names, at], type })
    for (const [list, position] of others.values()) {
      const all = merge(names, list)
      if (all[longestList]) continue
      names = all
      at ||= position
    }
    feed(names.sort(), at, type)
  }

  const lead = () => {
    others.clear()
    feed = openFeed(request, name, (message) => {
      receive(message)
      post(message)
    })
    post({})
    setTimeout(want, answerTime)
  }

  /**
   * Takes the lead if the leading tab is suspended. Hidden tabs, which may be suspended themselves,
   * do not.
   */
  const watch = (ms = 0) => {
    clearTimeout(timer)
    timer = setTimeout(() => feed || (globalThis.document?.hidden || !wants()[0][0] ? watch() : enter(steal)), ms + silence + tab * spread)
  }

  /** Leaves the other tabs, and, unless it is told otherwise, joins them again. */
  const enter = (how) => {
    turn?.abort(clearTimeout(timer))
    feed?.()
    post({ tab, want: [[]] })
    feed = bus = bus?.close()
    if (how == leave) return
    const { signal } = turn = new AbortController
    if (how == alone || !locks) return lead()
    bus = new BroadcastChannel(name)
    bus.onmessage = ({ data }) => {
      if (data.set) return feed || (merge(data.set, wants()[0])[longestList] ? enter(alone) : receive(data, watch(data.delay)))
      if (data.tab) others.set(data.tab, data.want)
      if (feed || !data.tab) want(data.type)
    }
    // If the page may not use locks, it leads alone. If another tab has taken the lock, this one
    // follows.
    locks.request(name, how ? { steal: how } : { signal }, () => signal.aborted || (lead(), sleep(-1, signal))).catch(() => {
      if (!signal.aborted) feed ? enter() : lead()
    })
    watch()
    want()
  }

  return [want, enter]
}
