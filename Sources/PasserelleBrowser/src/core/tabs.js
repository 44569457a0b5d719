// SPDX-License-Identifier: MIT

import { sleep } from "./support.js"

/** The time in which the other tabs tell a new leading tab their channels, in milliseconds. */
const answerTime = 100
/** The gateway's limit on channels in one request. */
export const longestList = 100

/**
 * Gives all tabs of an origin one feed. The tab that holds the lock `name` leads: it opens the feed with `open(emit, signal)`, and
 * sends the feed's messages to the others, which send it the names of their channels. If it closes, the browser gives the lock
 * to the next tab. A tab whose channels would make the list too long leaves, and leads alone. `receive` gets the messages in every tab; `wants` returns this tab's channels and their position.
 */
export const joinTabs = (name, isAlone, open, receive, wants) => {
  const locks = globalThis.navigator?.locks, tab = Math.random(), others = new Map
  let feed, bus, turn

  const post = (message) => bus?.postMessage(message)

  /** Tells the feed, here or in the leading tab, the channels of this tab. */
  const want = () => {
    let [names, at] = wants()
    if (!feed) return post({ tab, want: [names, at] })
    for (const [out, [list, position]] of others) {
      const all = new Set([...names, ...list])
      if (all.size > longestList) {
        others.delete(out)
        post({ out })
      } else {
        names = [...all]
        at ||= position
      }
    }
    feed._want(names.sort(), at)
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

  const group = {
    _want: want,
    _wake: wake,
    _join() {
      const { signal } = turn = new AbortController
      if (isAlone || !locks || !globalThis.BroadcastChannel) return lead()
      bus = new BroadcastChannel(name)
      bus.onmessage = ({ data }) => {
        if (data.set) return feed || receive(data)
        if (data.type) return feed && wake(data.type)
        if (data.out) return data.out == tab && (group._leave(), lead(turn = new AbortController))
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
  return group
}
