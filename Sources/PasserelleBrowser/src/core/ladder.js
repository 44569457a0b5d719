// SPDX-License-Identifier: MIT

import { backOff } from "./support.js"

/** The rungs of the ladder: 0, 1, 2. */
export const transports = ["stream", "longpoll", "poll"]

const minute = 60000
/** A connection that ends earlier counts against its transport. */
const shortLife = 10000
/** A long poll that fails after this time was ended by a time limit on the way. */
const heldLong = 2000
/** Two ages that differ by less are the same time limit. */
const sameAge = 1000
/** Seconds that the gateway may hold a long poll: below the 30 s at which Next.js ends a request that it forwards. */
const firstWait = 25

/**
 * Decides which transport to use and when to try again. It knows no clock, timer or socket; times are arguments, in
 * milliseconds.
 */
export const makeLadder = (rung) => {
  let wait = firstWait, cutAge = 0, foreign = 0, failures = 0, probes = 0, shortLives = []

  const step = (down) => {
    rung += down
    shortLives = []
    foreign = cutAge = probes = 0
    wait ||= firstWait
  }

  return {
    _rung: () => rung,
    _wait: () => wait,

    /** The time to the next probe of the transport above: since the last one, or since the transport has changed. */
    _probeDelay: () => Math.min(15, 2 ** probes) * minute,
    _probed(works) {
      works ? step(-1) : probes++
    },

    _worked(used) {
      if (used == rung) foreign = 0
      failures = 0
    },

    /**
     * An attempt with a rung has failed at this age, for a reason: `timeout` (no byte in time), `network` (no answer), `cut` (it
     * had worked), `foreign` (not the gateway's answer), `stale` (a cache's), or a word of the gateway. Moves down if that is
     * due. Returns the time to wait; `retry` is what the gateway asked for.
     */
    _failed(used, now, reason, age, retry, random) {
      const isEnd = /^(cut|network)$/.test(reason), isForeign = /^(timeout|foreign|stale)$/.test(reason)
      if (used == rung) {
        if (rung == 1 && age >= heldLong && (isEnd || reason == "foreign")) {
          const isSame = Math.abs(age - cutAge) < sameAge
          if (isSame) wait = Math.floor(age * 0.0008)
          cutAge = isSame ? 0 : age
        } else if (isForeign) foreign++
        if (isEnd && age < shortLife) shortLives = [...shortLives, now].filter((time) => now - time < minute)
        if ((reason == "timeout" && !rung || foreign > 1 || shortLives[2] || !wait) && rung < 2) return step(1) || 0
      }
      return backOff(reason == "cut" ? 0 : failures++, retry, random)
    },
  }
}
