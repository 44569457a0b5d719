// SPDX-License-Identifier: MIT

import { backOff, now, sleep } from "./support.js"

/** The rungs of the ladder: 0, 1, 2. */
const transports = ["stream", "longpoll", "poll"]

const minute = 60000
/** How long the transport above must work before it is used, in milliseconds. */
const proofTime = 20000
/** How long the choice of a transport is remembered, in milliseconds. */
const memory = 600000
/**
 * If the page wakes up and the last byte is older, the connection counts as lost, in milliseconds.
 */
const staleAge = 20000
/** A connection that ends earlier counts against its transport. */
const shortLife = 10000
/** A long poll that fails after this time was ended by a time limit on the way. */
const heldLong = 2000
/** Two ages that differ by less are the same time limit. */
const sameAge = 1000
/**
 * Seconds that the gateway may hold a long poll: below the 30 s at which Next.js ends a request
 * that it forwards.
 */
const firstWait = 25

/**
 * The one connection to the gateway, for the channels of all tabs. `emit` is called with messages:
 * - `from`, `to`: the positions before and after the message's events
 * - `set`: the channels that are covered: none of their events between the two positions is missing
 * - `events`: event objects in order
 * - `status`: the state, as the page's listeners get it
 * - `delay`: how long the feed waits before its next attempt
 *
 * Returns the function that sets the channels, or ends the feed if there is no list of them. If
 * there were none, the feed starts at the position `at`. With a `type`, the page woke up, or the
 * network has changed.
 */
export const openFeed = (request, key, emit) => {
  let state = "connecting", reason, upstream = "connected"
  let position, start, set = [], wanted = [], controller, probing, delay = 0, heard = now()
  // The ladder: the rung, the counts of its failures, and the time and age of failures.
  let rung = 0, probes = 0, foreign = 0, wait = firstWait, cutAge = 0, shortLives = []

  // The browser may refuse the storage.
  try {
    const [stored, time] = sessionStorage[key].split(","), age = now() - time
    if (age >= 0 && age < memory) rung = +stored
  } catch {}
  // A remembered transport is not proven to work, as after a failure.
  let failures = rung

  const send = (events = [], to = position) => {
    emit({ from: position, to, set, events, delay, status: { state, reason, upstream, transport: transports[rung] } })
    position = to
  }

  /** Moves down, or up if `down` is negative. */
  const step = (down) => {
    rung += down
    shortLives = []
    delay = foreign = cutAge = probes = 0
    try {
      sessionStorage[key] = [rung, now()]
    } catch {}
    probe()
  }

  /**
   * Receives by a transport, from a position: one poll, after which the time to the next is
   * returned, or a stream.
   */
  const receive = (used, signal, from, onNews) =>
    request(used ? "poll" : "events", set, from, signal, onNews, used == 1 && wait)

  const run = async () => {
    while (wanted) {
      const { signal } = controller = new AbortController
      let begun = now(), used = 2
      delay = 0
      const proceed = () => receive(used, signal, position, (news) => {
        heard = now()
        if (used == rung) foreign = 0
        failures = 0
        state = "live"
        reason = undefined
        upstream = news.upstream || upstream
        send(news.events, news.position)
      })
      try {
        // A plain poll comes first if something failed, and shows whether that was the transport or
        // the gateway; and if a channel joins, which must not receive what is older: it brings the
        // position to now.
        set = set.filter((name) => wanted.includes(name))
        if (!set[0]) {
          set = wanted
          position = start
        }
        while (set[0] && (failures || set + "" != wanted) && !await proceed());
        set = wanted
        begun = now()
        used = rung
        delay = set[0] && await proceed()
      } catch (error) {
        if (signal.aborted) continue
        reason = error.reason
        delay = backOff(failures++, error.retry_ms)
        if (failed(used, now() - begun)) step(1)
        state = error._isPermanent ? "denied" : delay && reason != "cut" ? "waiting" : "connecting"
        send()
      }
      await sleep(delay, signal)
    }
    probing.abort()
  }

  /**
   * An attempt with a rung has failed at this age, for a reason: `timeout` (no byte in time),
   * `network` (no answer), `cut` (it had worked), `foreign` (not the gateway's answer), `stale` (a
   * cache's), or a word of the gateway. Returns true if a step down is due.
   */
  const failed = (used, age) => {
    if (used != rung || rung > 1) return
    const isEnd = /^(cut|net)/.test(reason)
    if (rung == 1 && age >= heldLong && (isEnd || reason == "foreign")) {
      if (age - cutAge < sameAge && cutAge - age < sameAge) wait = age * 0.0008 | 0
      cutAge = age
    } else if (/^(tim|fore|sta)/.test(reason)) foreign++
    if (isEnd && age < shortLife) shortLives = [now(), shortLives[0], shortLives[1]]
    return reason == "timeout" && !rung || foreign > 1 || now() - shortLives[2] < minute
  }

  /**
   * Tries the transport above beside the current one. Its events are dropped: the position is the
   * current one's.
   */
  const probe = async (delay = Math.min(15, 2 ** probes) * minute) => {
    probing?.abort()
    const { signal } = probing = new AbortController
    if (!rung) return
    await sleep(delay, signal)
    const begun = now()
    let from = position
    try {
      while (!signal.aborted) await sleep(await receive(rung - 1, signal, from, ({ position }) => {
        from = position
        // This ends the probe, too.
        if (now() - begun >= proofTime) kick(step(-1))
      }), signal)
    } catch {}
    if (signal.aborted) return
    probes++
    probe()
  }

  const kick = () => controller.abort()

  probe()
  run()

  return (names, at, type) => {
    start = at
    if (!names || names + "" != wanted || type && now() - heard > staleAge) kick(wanted = names)
    else if (state != "denied") send()
    if (type == "online") probe(0)
  }
}
