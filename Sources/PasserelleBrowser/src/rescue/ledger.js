// SPDX-License-Identifier: MIT
// Decides which events reach the page when the same events arrive twice: from pusher-js, and from the gateway's log.
//
// The two sources share no ids, so events are compared by channel, name and data, and counted: if a payload was
// published twice, the page gets it twice. The log is complete; pusher-js's connections are only parts of it. While
// the ledger is active, the log leads: the page gets the log's events in the log's order, and an event from
// pusher-js waits until the log has it. Otherwise pusher-js leads, and the log is only compared.
//
// Time is an argument, in milliseconds.

/** How much later than one source the other may deliver an event, while pusher-js leads. */
const lag = 10000
/** Anything from pusher-js proves that it has delivered what is older than this. */
const proof = 5000
/** The most entries. Above it, events are not held, and the oldest others are forgotten. */
export const longestLedger = 1000

// What is known of an event:
/** The page got it from pusher-js; the log has not had it yet. */
const seen = 1
/** The page got it from the log; pusher-js may deliver it, too. */
const ahead = 2
/** The log had it while pusher-js leads; not compared yet. If pusher-js turns out to be dead, the page gets it. */
const read = 3
/** pusher-js delivered it while the log leads; the page has not got it. */
const held = 4
/** The page got it from the log before pusher-js was subscribed; pusher-js hardly delivers it. */
const early = 5

const keyOf = ({ channel, event, data }) => JSON.stringify([channel, event, data ?? null])

export const makeLedger = () => {
  let entries = []

  const keep = (isWanted) => { entries = entries.filter(isWanted) }

  const add = (_kind, _message, _at, _key) => {
    entries.push({ _kind, _message, _at, _key })
    if (entries.length > longestLedger) entries.splice(entries.findIndex((entry) => entry._kind != held), 1)
  }

  /** Removes the oldest entry of the kind and key, if there is one. While pusher-js leads, it must not be older than the
   * lag at `now`, if that is given. */
  const take = (kind, key, now) => {
    const index = entries.findIndex((entry) =>
      entry._kind == kind && entry._key == key && (ledger._active || !(now - entry._at > lag)))
    return index >= 0 && entries.splice(index, 1)
  }

  /** Forgets what was read, except what pusher-js may lack, if its last message came at `alive`. */
  const compare = (alive) => {
    const list = [...entries].filter((entry) => entry._kind == read && (take(seen, entry._key) || entry._at <= alive - proof))
    keep((entry) => !list.includes(entry))
  }

  /** Changes the kind of entries, and returns their messages. */
  const change = (kind, list) => list.map((entry) => {
    entry._kind = kind
    return entry._message
  })

  const ledger = {
    _active: false,
    _size: () => entries.length,
    /** Returns true if the page gets this event of pusher-js now. */
    _fromPusher(message, now, mayHold) {
      const key = keyOf(message)
      if (take(ahead, key, now)) return false
      const hold = ledger._active && mayHold && entries.length < longestLedger
      if (!hold && take(early, key, now)) return false
      add(hold ? held : seen, message, now, key)
      return !hold
    },
    /** Returns true if the page gets this event of the log now. */
    _fromLog(message, now) {
      const key = keyOf(message)
      if (!ledger._active) return add(read, message, now, key)
      if (take(seen, key)) return false
      if (!take(held, key)) add(ahead, message, now, key)
      return true
    },
    /** The log leads from now on. Returns the events that the page lacks. */
    _lead(alive) {
      compare(alive)
      ledger._active = true
      return change(ahead, entries.filter((entry) => entry._kind == read))
    },
    /** Returns the events that have been held since `before`; the page gets them now. An early event was one of them. */
    _release: (before) => change(seen, entries.filter((entry) => entry._kind == held && entry._at <= before))
      .filter((message) => !(take(early, keyOf(message)) && take(seen, keyOf(message)))),
    /** pusher-js leads from now on. The log was read up to `now`: what it has not confirmed, it will not confirm. */
    _settle(now, alive) {
      compare(alive)
      ledger._active = false
      keep((entry) => entry._kind == read || entry._at > now - lag)
    },
    /** A new connection of pusher-js delivers nothing that the log has delivered before it. */
    _connected: () => keep((entry) => entry._kind != ahead),
    /** pusher-js is subscribed: it may deliver what the log delivered in the last moments, but probably later events only. */
    _joined(channel) {
      if (!ledger._active) return ledger._forget(channel)
      change(early, entries.filter((entry) => entry._kind == ahead && entry._message.channel == channel))
    },
    /** The page left the channel. */
    _forget: (channel) => keep((entry) => entry._message.channel != channel),
  }
  return ledger
}
