// SPDX-License-Identifier: MIT

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Returns a random word of letters and digits, which no cache or cookie of an earlier test has. */
const word = (length) =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join("")

/**
 * Makes a request and returns the object in its answer, with the answer's `age` and its time; `null` if there is no
 * answer of the gateway within `limit` milliseconds.
 */
const ask = async (path, limit, options = {}) => {
  const began = performance.now()
  try {
    const answer = await fetch(path, {
      cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(limit), ...options,
    })
    if (!answer.ok) return { failed: `status ${answer.status}`, ms: performance.now() - began }
    const body = await answer.json()
    const age = Number(answer.headers.get("Age") ?? 0) || 0
    return { body, age, ms: performance.now() - began }
  } catch (error) {
    return { failed: error.name, ms: performance.now() - began }
  }
}

/** Tests a poll that the gateway answers after `seconds`. */
const testPoll = async (seconds, patience) => {
  const { body, ms, failed } = await ask(`diagnose/poll?wait=${seconds}`, seconds * 1000 + patience)
  const works = body?.waited === seconds && ms >= seconds * 1000 - 500
  return { seconds, works, ms: Math.round(ms), ...(works ? {} : { failed: failed ?? "another answer" }) }
}

/** Tests whether a body arrives at the gateway, and its echo here. */
const testPost = async (patience) => {
  const echo = word(64)
  const { body, failed } = await ask("diagnose/echo", patience, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ echo }),
  })
  if (failed) return { failed }
  return body?.echo === echo ? { works: true } : { failed: "another answer", isAnswered: true }
}

/** Tests whether a cookie that the gateway sets, and `Authorization`, arrive at the gateway. */
const testFields = async (patience) => {
  const cookie = word(12)
  const authorization = word(12)
  const set = await ask(`diagnose/cookie?value=${cookie}`, patience)
  const seen = await ask("diagnose/fields", patience, { headers: { Authorization: `Bearer ${authorization}` } })
  if (set.failed || seen.failed) return { failed: set.failed ?? seen.failed }
  return {
    cookie: seen.body?.cookie === cookie, authorization: seen.body?.authorization === authorization,
    http: seen.body?.http, via: seen.body?.via,
  }
}

/** Tests with two requests for one URL whether answers are cached, and compares the clocks. */
const testTime = async (patience) => {
  const answers = []
  for (let count = 0; count < 2; count += 1) {
    const began = Date.now()
    const answer = await ask("diagnose/time", patience)
    if (answer.failed) return { failed: answer.failed }
    answers.push({ ...answer, middle: (began + Date.now()) / 2 })
  }
  const [first, second] = answers
  const isCached = first.body?.answer === second.body?.answer || second.age > 0
  // The first answer is the one that is most certainly fresh.
  return { isCached, age: second.age, clock_ms: Math.round(first.body?.time - first.middle) }
}

/** Returns the HTTP version of the newest request, as the browser's network stack names it; `""` if unknown. */
const httpVersion = () => {
  const entries = performance.getEntriesByType("resource").filter((entry) => entry.name.includes("diagnose/time"))
  return entries.at(-1)?.nextHopProtocol ?? ""
}
