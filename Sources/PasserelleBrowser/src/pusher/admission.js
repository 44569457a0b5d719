// SPDX-License-Identifier: MIT

/** Keys of `dedupe` that are kept for each channel. */
const KEYS = 512

/** True if the events of a channel are encrypted. */
export const encrypted = (name) => name.startsWith("private-encrypted-")

/** Returns the event as the page receives it, or undefined if the page does not: a duplicate by the
 * option `dedupe`, or an encrypted event that the option `decrypt` cannot read. */
export function admitted(event, channel, { dedupe, decrypt }) {
  if (/^(pusher|passerelle):/.test(event.event)) return event
  if (encrypted(channel.name)) {
    try {
      event = { ...event, data: decrypt(event) }
    } catch (error) {
      return console.error(error)
    }
  }
  const key = dedupe?.(event)
  if (key == null) return event
  const keys = (channel._keys ??= new Set())
  const name = event.event + " " + key
  if (keys.has(name)) return
  keys.add(name)
  if (keys.size > KEYS) keys.delete([...keys][0])
  return event
}
