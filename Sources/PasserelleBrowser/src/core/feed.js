// SPDX-License-Identifier: MIT

import { makeLadder, transports } from "./ladder.js"
import { isPermanent, snapshotEvent } from "./requests.js"
import { parseStream } from "./sse.js"
import { now, sleep } from "./support.js"

/** How long the transport above must work before it is used, in milliseconds. */
const proofTime = 20000
/** How long a new stream may send nothing, in milliseconds. */
const firstByteLimit = 4000
/** How long the choice of a transport is remembered, in milliseconds. */
const memory = 600000
/** If the page wakes up and the last byte is older, the connection counts as lost, in milliseconds. */
const staleAge = 20000
/** An answer to a long poll that comes sooner, and has no news, is not the gateway's, in milliseconds. */
const tooSoon = 1000

/** The rung that this tab used last, unless that is too long ago. */
const remembered = (key) => {
  try {
    const value = sessionStorage[key], rung = value % 4, age = Date.now() - (value - rung) / 4
    return age >= 0 && age < memory && rung
  } catch {}
}

/**
 * The one connection to the gateway, for the channels of all tabs. `emit` is called with messages:
 * - `from`, `to`: the positions before and after the message's events
 * - `set`: the channels that are covered: none of their events between the two positions is missing
 * - `events`: event objects in order
 * - `status`: the state, as the page's listeners get it
 */
export const openFeed = (request, key, emit, stopSignal) => {
  const status = { upstream: "connected" }
  let position, set = [], wanted = [], start, controller, heard = now(), isProven = true, probing, probeTimer, rung = remembered(key) || 0
  const ladder = makeLadder(rung)

  const send = (change, events = [], to = position) => {
    if (rung != (rung = ladder._rung())) {
      remember()
      planProbe()
    }
    Object.assign(status, change, { transport: transports[rung] })
    emit({ from: position, to, set, events, status })
    position = to
  }

  /**
   * Receives by a transport, from a position: one poll, after which the time to the next is returned, or a stream until it
   * ends. Calls `onNews(events, to, upstream)` for each poll, and for each piece of a stream.
   */
  const receive = async (rung, signal, from, onNews) => {
    const begun = now()
    if (rung) {
      const wait = rung > 1 ? 0 : ladder._wait()
      const { position, events, upstream = status.upstream, more, retry_ms } = await request._poll(set, from, signal, wait)
      if (wait && now() - begun < tooSoon && from == position && upstream == status.upstream) throw { _reason: "stale" }
      onNews(events, position, upstream)
      return more ? 0 : retry_ms > 99 ? Math.min(retry_ms, 60000) : 1000
    }
    let retry, events, upstream, end, to = from
    const take = (name, text, time) => {
      retry = time || retry
      let event
      try {
        event = JSON.parse(text)
      } catch {}
      const data = event?.data || event || {}
      if (/^passerelle:(un|d)/.test(name)) end = { _reason: data.reason, _retry: data.retry_ms }
      upstream = (name == snapshotEvent ? data.upstream : name == "passerelle:upstream" && data.state) || upstream
      if (event?.channel) {
        events.push(event)
        if (name != snapshotEvent) to = event.id || to
      }
    }
    try {
      await request._read("events?", set, from, signal, firstByteLimit, (text) => {
        events = []
        text = parseStream(text, take)
        if (end) throw end
        onNews(events, to, upstream)
        return text
      })
    } catch (error) {
      throw { _retry: retry, ...error }
    }
  }

  const proceed = (rung) => receive(rung, controller.signal, position, (events, to, upstream = status.upstream) => {
    heard = now()
    isProven = true
    ladder._worked(rung)
    send({ state: "live", upstream, reason: undefined }, events, to)
  })

  const run = async () => {
    while (!stopSignal.aborted) {
      controller = new AbortController
      const { signal } = controller
      let begun = now(), used = 2, delay
      try {
        // A plain poll comes first if something failed, and shows whether that was the transport or the gateway; and if a
        // channel joins, which must not receive what is older: it brings the position to now.
        set = set.filter((name) => wanted.includes(name))
        if (set[0] && !(isProven && wanted.every((name) => set.includes(name)))) while (!await proceed(2));
        if (!set[0]) position = start
        set = wanted
        begun = now()
        used = ladder._rung()
        if (set[0]) delay = await proceed(used)
      } catch (error) {
        if (signal.aborted) continue
        const reason = error._reason
        isProven = false
        delay = ladder._failed(used, now(), reason, now() - begun, error._retry, Math.random())
        send({ state: isPermanent(error) ? "denied" : delay && reason != "cut" ? "waiting" : "connecting", reason })
      }
      await sleep(delay, signal)
    }
  }

  // The browser may refuse the storage.
  const remember = () => {
    try {
      sessionStorage[key] = Date.now() * 4 + rung
    } catch {}
  }

  const planProbe = (delay = ladder._probeDelay()) => {
    probing?.abort()
    clearTimeout(probeTimer)
    if (rung) probeTimer = setTimeout(probe, delay)
  }

  /** Tries the transport above beside the current one. Its events are dropped: the position is the current one's. */
  const probe = async () => {
    const begun = now(), { signal } = probing = new AbortController
    let from = position, works
    try {
      while (!works) await sleep(await receive(rung - 1, signal, from, (events, to) => {
        from = to
        works = now() - begun >= proofTime
        if (works) throw 0
      }), signal)
    } catch {}
    if (signal.aborted) return
    ladder._probed(works)
    if (works) kick()
    else planProbe()
  }

  const kick = () => controller.abort()

  planProbe()
  stopSignal.addEventListener("abort", () => {
    kick()
    planProbe(rung = 0)
  })
  run()

  return {
    /** Sets the channels. If there were none, the feed starts at the position. */
    _want(names, at) {
      start = at
      if (names + "" != wanted) kick(wanted = names)
      else if (status.state != "denied") send()
    },
    /** The page woke up, or the network has changed. */
    _wake(isOnline) {
      if (now() - heard > staleAge) kick()
      if (isOnline) planProbe(0)
    },
  }
}
