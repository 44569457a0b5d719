// SPDX-License-Identifier: MIT

/**
 * The time in milliseconds. `performance.now()` stands still while some machines sleep, and then a
 * lost connection would seem fresh. If somebody sets the clock, an age is wrong once: a connection
 * is renewed too early, or after its silence only.
 */
export const now = () => Date.now()

/** Waits; aborting the signal ends it early. Without `ms`, or if it is negative, only that ends it. */
export const sleep = (ms, signal) => new Promise((resolve) => {
  if (ms >= 0) setTimeout(resolve, ms)
  signal?.addEventListener("abort", resolve)
})

/** Settles like `promise`, or is rejected with the message `timeout` after `ms`. */
export const within = (ms, promise) => Promise.race([promise, sleep(ms).then(() => { throw Error("timeout") })])

/** Reports an error of the page's own code as uncaught, without disturbing the module. */
export const report = (error) => setTimeout(() => { throw error })

/**
 * Calls the listener when the page goes and comes back, or the network does, until `signal` aborts.
 */
export const onWake = (listener, signal) => {
  for (const type of ["pageshow", "pagehide", "online", "visibilitychange", "resume"])
    globalThis.addEventListener?.(type, listener, { signal, capture: true })
}

/** Throws a `TypeError` that names the argument if it has another type, or is empty. */
export const check = (name, value, type = "string") => {
  if (typeof value != type || value === "") throw TypeError("invalid " + name)
}

/**
 * Gives an object `on` and `off`; returns the function that calls the listeners of a name, and
 * those of `*`.
 */
export const addListening = (target) => {
  let listeners = []
  target.on = (name, listener) => {
    check("event", name)
    check("listener", listener, "function")
    target.off(name, listener)
    listeners.push([name, listener])
    return target
  }
  target.off = (name, listener) => {
    // A new list, since the old one may be in use.
    listeners = listeners.filter((each) => each[0] != name || listener && each[1] != listener)
    return target
  }
  return (name, ...values) => {
    for (const [each, listener] of listeners) {
      try {
        if (each == name || each == "*") listener(...values)
      } catch (error) {
        report(error)
      }
    }
  }
}

/** An event object that the gateway did not send. */
export const makeEvent = (channel, id, event, data) => ({ id, time: new Date().toISOString(), channel, event, data })

/**
 * The time before the next attempt, in milliseconds: 0.5 to 20 s, or what the gateway asked for,
 * never less, at most five minutes; both spread over clients. `failures` are those before this one.
 */
export const backOff = (failures, retry) => retry > 0
  ? Math.min(retry, 300000) * (1 + Math.random() / 2)
  : 500 + Math.random() * Math.min(19500, 500 * 2 ** failures - 500)
