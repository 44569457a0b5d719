// SPDX-License-Identifier: MIT

/** How long a channel without users stays subscribed, in milliseconds. When StrictMode unmounts and
 * mounts again, or one page replaces another, this costs no request. */
const LINGER = 1000

/** For each gateway its channels in use, by name, as {chat, users, timer}. */
const gateways = new WeakMap()

export function channels(gateway) {
  if (!gateways.has(gateway)) gateways.set(gateway, new Map())
  return gateways.get(gateway)
}

/** Counts one more user of a channel, and subscribes for the first one. */
export function acquire(gateway, name, options) {
  const used = channels(gateway)
  if (!used.has(name)) used.set(name, { chat: gateway.subscribe(name, options), users: 0 })
  const use = used.get(name)
  clearTimeout(use.timer)
  use.users++
  return use
}

/** Counts one user less, and unsubscribes a while after the last one. */
export function release(gateway, name) {
  const used = channels(gateway)
  const use = used.get(name)
  if (--use.users) return
  use.timer = setTimeout(() => {
    used.delete(name)
    use.chat.unsubscribe()
  }, LINGER)
}
