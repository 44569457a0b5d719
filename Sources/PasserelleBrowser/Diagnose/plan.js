// SPDX-License-Identifier: MIT

/** The durations of the tests, in milliseconds, except `streamSeconds` and `pollSeconds`. */
const whole = { stay: 10000, streamSeconds: 70, pollSeconds: [10, 25, 55], patience: 10000 }
/** The same for `?quick=1`: every wait is at most three seconds. */
const quick = { stay: 1000, streamSeconds: 3, pollSeconds: [1, 2, 3], patience: 10000 }

/** Returns the plan for the page's query. */
const planOf = (query) => {
  const isQuick = new URLSearchParams(query).get("quick") === "1"
  const plan = isQuick ? quick : whole
  const longest = Math.max(plan.streamSeconds, ...plan.pollSeconds) * 1000
  return { ...plan, isQuick, longest }
}
