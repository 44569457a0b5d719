// SPDX-License-Identifier: MIT

import { backOff, report, sleep, within } from "./support.js"

/** If a gap affects all readers, each page calls at a random time within this, in milliseconds. */
const spreadTime = 3000
/** A call that takes longer has failed, in milliseconds. */
const callLimit = 30000

/**
 * Returns the function that calls the page's `sync(channel, cause)`, one call at a time, until it
 * succeeds. Its promise is fulfilled then, or when `isWanted()` is false. The gaps of all readers
 * have another reason than those of one.
 */
export const syncQueue = (sync) => {
  let last = sleep(0)
  return async (channel, cause, isWanted) => {
    await sleep(/^(sub|ev|id)/.test(cause.reason) ? 0 : spreadTime * Math.random())
    const call = () => isWanted() && within(callLimit, sync(channel, cause))
    for (let failures = 0; await (last = last.then(call).then(() => 0, report));) await sleep(backOff(failures++))
  }
}
