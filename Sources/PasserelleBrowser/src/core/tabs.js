// SPDX-License-Identifier: MIT

import { sleep } from "./support.js"

/** The time in which the other tabs tell a new leading tab their channels, in milliseconds. */
const answerTime = 100
/** The gateway's limit on channels in one request. */
export const longestList = 100
/** A leading tab that sends no message for this long is suspended, in milliseconds. A stream sends a comment every 15 s. */
const silence = 45000
/** The same if it waits, as long as the gateway has asked for. */
const longestSilence = 500000
/** The other tabs find that at different times within this, in milliseconds. */
const spread = 10000

/**
 * Gives all tabs of an origin one feed. The tab that holds the lock `name` leads: it opens the feed with `open(emit, signal)`, and
 * sends the feed's messages to the others, which send it the names of their channels. If it closes, the browser gives the lock
 * to the next tab. A tab whose channels would make the list too long leaves, and leads alone. `receive` gets the messages in every tab; `wants` returns this tab's channels and their position.
 */
export const joinTabs = (name, isAlone, open, receive, wants) => {
  const locks = globalThis.navigator?.locks, tab = Math.random(), others = new Map
  let feed, bus, turn, timer

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

  /** Takes the lead if the leading tab is suspended. Hidden tabs, which may be suspended themselves, do not. */
  const watch = (ms = silence) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (feed) return
      globalThis.document?.hidden || !wants()[0][0] ? watch() : rejoin(true)
    }, ms + tab * spread)
  }

  const rejoin = (steal) => {
    group._leave()
    group._join(steal)
  }

  const wake = (type) => feed ? feed._wake(type == "online") : post({ type })

  const group = {
    _want: want,
    _wake: wake,
    _join(steal) {
      const { signal } = turn = new AbortController
      if (isAlone || !locks || !globalThis.BroadcastChannel) return lead()
      bus = new BroadcastChannel(name)
      bus.onmessage = ({ data }) => {
        if (data.set) return feed || receive(data, watch(data.status.state == "waiting" ? longestSilence : silence))
        if (data.type) return feed && wake(data.type)
        if (data.out) return data.out == tab && (group._leave(), lead(turn = new AbortController))
        if (data.tab) others.set(data.tab, data.want)
        if (feed || !data.tab) want()
      }
      // If the page may not use locks, it leads alone. If another tab has taken the lock, this one follows.
      locks.request(name, steal ? { steal } : { signal }, () => signal.aborted || (lead(), sleep(undefined, signal))).catch(() => {
        if (!signal.aborted) feed ? rejoin() : lead()
      })
      watch()
      post({})
      want()
    },
    _leave() {
      turn.abort(clearTimeout(timer))
      feed = 0
      post({ tab, want: [[]] })
      bus = bus?.close()
    },
  }
  return group
}
