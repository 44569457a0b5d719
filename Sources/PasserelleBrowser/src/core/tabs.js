// SPDX-License-Identifier: MIT

import { sleep } from "./support.js"

/** The time in which the other tabs tell a new leading tab their channels, in milliseconds. */
const answerTime = 100

/**
 * Gives all tabs of an origin one feed. The tab that holds the lock `name` leads: it opens the feed with `open(emit, signal)`, and
 * sends the feed's messages to the others, which send it the names of their channels. If it closes, the browser gives the lock
 * to the next tab. `receive` gets the messages in every tab; `wants` returns this tab's channels and their position.
 */
export const joinTabs = (name, isAlone, open, receive, wants) => {
  const locks = globalThis.navigator?.locks, tab = Math.random(), others = new Map
  let feed, bus, turn

  const post = (message) => bus?.postMessage(message)

  /** Tells the feed, here or in the leading tab, the channels of this tab. */
  const want = () => {
    const mine = wants(), all = [mine, ...others.values()]
    if (feed) feed._want([...new Set(all.flatMap(([names]) => names))].sort(), all.find(([names]) => names[0])?.[1])
    else post({ tab, want: mine })
  }

  const lead = () => {
    others.clear()
    feed = open((message) => {
      receive(message)
      post(message)
    }, turn.signal)
    post({})
    setTimeout(want, answerTime)
  }

  const wake = (type) => feed ? feed._wake(type == "online") : post({ type })

  return {
    _want: want,
    _wake: wake,
    _join() {
      const { signal } = turn = new AbortController
      if (isAlone || !locks || !globalThis.BroadcastChannel) return lead()
      bus = new BroadcastChannel(name)
      bus.onmessage = ({ data }) => {
        if (data.set) return feed || receive(data)
        if (data.type) return feed && wake(data.type)
        if (data.tab) others.set(data.tab, data.want)
        if (feed || !data.tab) want()
      }
      // If the page may not use locks, it leads alone.
      locks.request(name, { signal }, () => signal.aborted || (lead(), sleep(undefined, signal))).catch(() => signal.aborted || lead())
      post({})
      want()
    },
    _leave() {
      turn.abort()
      feed = 0
      post({ tab, want: [[]] })
      bus = bus?.close()
    },
  }
}
