// SPDX-License-Identifier: MIT

/**
 * The result of each test as one character, in the order of the code: 9 is good, 0 is bad, X is not tested. The characters
 * are described in deploy/README.md; a change of their meaning needs another length of the code.
 */
const tests = [
  "socket", "first", "frames", "life", "polls", "post", "cookie", "authorization", "cache", "clock", "http",
]

const untested = "X"

const step = (value, steps, otherwise) => steps.find(([limit]) => value <= limit)?.[1] ?? otherwise

const socket = ({ isUntested, opened_ms, greeted, stayed }) => {
  if (isUntested) return untested
  if (opened_ms === undefined) return "0"
  if (!stayed) return "3"
  return greeted ? "9" : "5"
}

const first = ({ first_ms }) => first_ms === undefined ? "0" : step(first_ms, [[1000, "9"], [4000, "6"]], "3")

/** A stream was held if nothing arrived before its end. */
const isHeld = ({ first_ms, seconds }) => first_ms >= seconds * 1000 - 500

const frames = (stream) => {
  if (!stream.frames) return "0"
  if (isHeld(stream)) return "1"
  return step(stream.delay_ms, [[1000, "9"], [4000, "5"]], "3")
}

const life = ({ isWhole, lived_ms, first_ms }) => {
  if (isWhole) return "9"
  return first_ms === undefined ? "0" : String(Math.min(6, Math.floor(lived_ms / 10000)))
}

const polls = (polls) => {
  const longest = polls.findLastIndex(({ works }) => works)
  return ["0", "3", "5", "9"][longest + 1]
}

const post = ({ works, isAnswered }) => works ? "9" : isAnswered ? "5" : "0"

const yes = (value) => value === undefined ? untested : value ? "9" : "0"

const clock = ({ clock_ms }) =>
  Number.isFinite(clock_ms) ? step(Math.abs(clock_ms), [[5000, "9"], [60000, "6"], [300000, "3"]], "0") : untested

const http = (version) => ({ h3: "3", h2: "2", "http/1.1": "1", "http/1.0": "0" })[version] ?? untested

/** Returns the character of each test. */
const gradesOf = (results) => ({
  socket: socket(results.socket), first: first(results.stream), frames: frames(results.stream),
  life: life(results.stream), polls: polls(results.polls), post: post(results.post),
  cookie: yes(results.fields.cookie), authorization: yes(results.fields.authorization),
  cache: yes(results.time.isCached === undefined ? undefined : !results.time.isCached),
  clock: clock(results.time), http: http(results.http),
})
