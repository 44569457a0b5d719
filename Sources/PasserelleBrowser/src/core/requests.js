// SPDX-License-Identifier: MIT

import { parseStream } from "./sse.js"
import { makeEvent, now, within } from "./support.js"

/** How long a new stream may send nothing, in milliseconds. */
const firstByteLimit = 4000
/**
 * How long `token()` and `headers()` may take, an event that the page sends, all included, and a
 * poll besides the time that the gateway holds it, in milliseconds.
 */
export const answerLimit = 10000
/**
 * An answer to a long poll that comes sooner, and has no news, is not the gateway's, in
 * milliseconds.
 */
const tooSoon = 1000
/** The longest silence within an answer, in milliseconds: a stream sends a comment every 15 s. */
const silenceLimit = 35000
/** A timer that fires later than this was suspended, in milliseconds. */
const lateness = 5000
/** The longest answer or line of a stream, in characters: a list of 10,000 members fits. */
const longestText = 20000000

export const snapshotEvent = "pusher:subscription_succeeded"

/**
 * Returns the function that makes every request. It is rejected with an object: `reason`; `status`,
 * unless there was no answer; `retry_ms`, the wait that was asked for; `message`, if the gateway
 * refuses; and `_isPermanent`, if it refuses the reader. Nothing that the network sends makes it
 * throw anything else.
 *
 * `wait` is the time in seconds that the gateway may hold a poll, and `last` the number of older
 * events. `onNews({ events, position, upstream, more })` is called for a poll's answer, and for
 * each piece of a stream, which never ends well. The members of a poll are snapshots among its
 * events, as on a stream. For a poll, the time to the next one is returned, or false if there is
 * more.
 */
export const requester = ({ url, user, token, headers }) => {
  const base = new URL(url, globalThis.location?.href || "http:a").href.replace(/\/*$/, "/")
  let known

  const request = async (path, names, after, signal, onNews, wait, last, body) => {
    const failure = { reason: "token" }, controller = new AbortController, stop = () => controller.abort()
    let text = "", timer
    /** Ends the request after a time, unless it is called again. */
    const arm = (ms) => {
      const due = now() + ms
      clearTimeout(timer)
      timer = setTimeout(() => {
        // A timer that fires much too late was suspended with the page, and proves nothing.
        if (now() - due < lateness) failure.reason = "timeout"
        stop()
      }, ms)
    }

    try {
      signal.addEventListener("abort", stop, { signal: controller.signal })
      const [own, value] = await within(answerLimit, Promise.all([headers?.(), known || token?.()]))
      known = value
      failure.reason = "network"
      if (signal.aborted) stop()
      const begun = now()
      arm(path == "events" ? firstByteLimit : wait * 1000 + answerLimit)
      // The random item makes each URL new: no cache on the way has an answer for it.
      const query = Object.entries({ after, user, wait, last, "_": Math.random() }).filter((each) => each[1])
      const answer = await fetch(base + path + "?" + new URLSearchParams([...query, ...names.map((name) => ["channel", name])]), {
        credentials: "include", cache: "no-store", signal: controller.signal, method: body && "POST", body,
        headers: { ...own, ...known && { Authorization: "Bearer " + known }, ...body && { "Content-Type": "application/json" } },
      })
      failure.status = answer.status
      failure.retry_ms = answer.headers.get("Retry-After") * 1000
      // A stream of another type is not the gateway's, and may never end.
      const isStream = answer.ok && path == "events", decoder = new TextDecoder
      const reader = (!isStream || /event-stream/.test(answer.headers.get("Content-Type"))) && answer.body?.getReader()
      for (let part; reader && !(part = await reader.read()).done;) {
        failure.reason = "cut"
        arm(silenceLimit)
        text += decoder.decode(part.value, { stream: true })
        if (isStream) {
          const events = []
          let upstream
          text = parseStream(text, ({ event: name, data, retry }) => {
            const event = JSON.parse(data || null)
            failure.retry_ms = retry || failure.retry_ms
            if (/^passerelle:(un|d)/.test(name)) throw Object.assign(failure, event)
            if (/^pusher:subscription_s|^passerelle:up/.test(name)) upstream = event.data.upstream || event.data.state
            if (name != snapshotEvent) after = event?.id || after
            events.push(event)
          })
          onNews({ events, position: after, upstream })
        }
        if (text.length > longestText) break
      }
      // What remains of a stream is no answer to a poll, so that this throws.
      if (!isStream || !reader) failure.reason = "foreign"
      const json = JSON.parse(text), { position, events, members, me, upstream, more, retry_ms, error, message } = json
      if (!answer.ok) {
        if (error) failure.reason = error
        failure.message = message
        // Other servers on the way answer 400 and 404, too, with JSON and for a time.
        failure._isPermanent = error && message && /^40[13]$/.test(answer.status)
        throw 0
      }
      if (body) return
      if (!position || !events?.unshift) throw 0
      // A cache on the way keeps answers in spite of their header.
      failure.reason = "stale"
      if ((answer.headers.get("Age") > 0 || wait && upstream != "away" && now() - begun < tooSoon) && (!after || after == position)) throw 0
      for (const name of names) {
        const presence = members?.[name]
        if (presence || !after) events.unshift(makeEvent(name, position, snapshotEvent, { presence, me }))
      }
      onNews(json)
      return !more && (retry_ms > 99 ? Math.min(retry_ms, 30000) : 1000)
    } catch {
      throw failure
    } finally {
      stop(clearTimeout(timer))
    }
  }

  return (...call) => request(...call).catch((error) => {
    // The token may have expired: ask for another one, once.
    if (error.status != 401 || !known) throw error
    known = 0
    return request(...call)
  })
}
