// SPDX-License-Identifier: MIT

import { backOff, report, sleep, within } from "./support.js"

/** If a gap affects all readers, each page calls at a random time within this, in milliseconds. */
const spreadTime = 3000
/** A call that takes longer has failed, in milliseconds. */
const callLimit = 30000

/**
 * Returns the function that calls the page's `sync(channel, cause)`, one call at a time, until it succeeds. Its promise is
 * fulfilled then, or when `isWanted()` is false.
 */
export const syncQueue = (sync) => {
  let last
  return async (channel, cause, isForAll, isWanted) => {
    await sleep(isForAll ? spreadTime * Math.random() : 0)
    for (let failures = 0, done; !done && isWanted();) {
      await (last = (async (previous) => {
        await previous
        try {
          if (isWanted()) await within(callLimit, sync(channel, cause))
          done = true
        } catch (error) {
          report(error)
        }
      })(last))
      if (!done) await sleep(backOff(failures++))
    }
  }
}
