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
/** The log had it while pusher-js leads, which has not delivered it. If pusher-js turns out to be dead, the page gets it. */
const read = 3
/** pusher-js delivered it while the log leads; the page has not got it. */
const held = 4
/** The page got it from the log before pusher-js was subscribed; pusher-js hardly delivers it. */
const early = 5

/** Returns the ledger of a page. `side.active` is true while the log leads. */
export const makeLedger = (side) => {
  /** Objects with a kind, a message, its time, and its key, in their order. */
  const entries = new Set

  const list = (isWanted) => [...entries].filter(isWanted)

  const forget = (isUnwanted) => list(isUnwanted).map((entry) => entries.delete(entry))

  const keyOf = (message) => JSON.stringify([message.channel, message.event, message.data])

  const add = (_kind, _message, _at) => {
    entries.add({ _kind, _message, _at, _key: keyOf(_message) })
    if (entries.size > longestLedger) entries.delete(list((entry) => entry._kind != held)[0])
  }

  /** Removes the oldest entry of the kind that is like the message, and not from before `oldest`. Returns true if it exists. */
  const take = (kind, message, oldest = 0) => {
    const key = keyOf(message)
    return entries.delete(list((entry) => entry._kind == kind && entry._key == key && entry._at >= oldest)[0])
  }

  /** Changes the kind of entries, and returns their messages. */
  const change = (from, to, isChanged) => list((entry) => entry._kind == from && isChanged(entry)).map((entry) => {
    entry._kind = to
    return entry._message
  })

  side.active = false
  const ledger = {
    _entries: entries,
    /** Returns true if the page gets this event of pusher-js now. */
    _fromPusher(message, now, mayHold) {
      const isHeld = side.active && mayHold && entries.size < longestLedger, oldest = !side.active && now - lag
      if (take(ahead, message, oldest) || !isHeld && take(early, message, oldest)) return false
      return take(read, message) || add(isHeld ? held : seen, message, now) || !isHeld
    },
    /** Returns true if the page gets this event of the log now. */
    _fromLog(message, now) {
      if (take(seen, message)) return false
      if (!take(held, message)) add(side.active ? ahead : read, message, now)
      return side.active
    },
    /** The log leads from now on. Returns the events that the page lacks. */
    _lead() {
      side.active = true
      return change(read, ahead, () => true)
    },
    /** Returns the events that have been held since `before`; the page gets them now. An early event was one of them. */
    _release: (before) => change(held, seen, (entry) =>
      entry._at <= before && !(take(early, entry._message) && entries.delete(entry))),
    /** pusher-js leads from now on. The log was read up to `now`: what it has not confirmed, it will not confirm. */
    _settle(now, alive) {
      side.active = false
      forget((entry) => entry._at <= (entry._kind == read ? alive - proof : now - lag))
    },
    /** A new connection of pusher-js delivers nothing that the log has delivered before it. */
    _connected: () => forget((entry) => entry._kind == ahead),
    /** pusher-js is subscribed: it may deliver what the log delivered in the last moments, but probably later events only. What
     * the log had while pusher-js leads came before the subscription: the page lacks nothing. */
    _joined: (channel) => change(side.active ? ahead : read, side.active && early,
      (entry) => entry._message.channel == channel),
    /** The page left the channel. */
    _forget: (channel) => forget((entry) => entry._message.channel == channel),
  }
  return ledger
}
