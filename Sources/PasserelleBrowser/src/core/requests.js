// SPDX-License-Identifier: MIT

import { makeEvent, now, within } from "./support.js"

/** How long `token()` and `headers()` may take, in milliseconds. */
const tokenLimit = 10000
/** The longest silence within an answer, in milliseconds: a stream sends a comment every 15 s. */
const silenceLimit = 35000
/** How long a poll may take besides the time that the gateway holds it, in milliseconds. */
const pollLimit = 10000
/** The longest answer or line of a stream, in characters: a list of 10,000 members fits. */
const longestText = 1 << 24

export const snapshotEvent = "pusher:subscription_succeeded"

/** True if the gateway refuses the reader. Other servers on the way answer 400 and 404, too, with JSON and for a time. */
export const isPermanent = ({ _message, _status }) => _message && /^40[13]$/.test(_status)

/**
 * Returns the function that makes every request. It resolves with the answer's JSON, or is rejected with an object: `_reason`;
 * `_status`, unless there was no answer; `_retry`, the wait that was asked for; and `_message`, if the gateway refuses. Nothing
 * that the network sends makes it throw anything else. `limit` is the time to the first byte of the body; `onText` receives a
 * stream, and returns what is left; a request with a `body` must end within the limit.
 */
export const requester = ({ url, user, token, headers }) => {
  const base = new URL(url, globalThis.location?.href || "http://localhost").href.replace(/\/*([?#].*)?$/, "/")
  const identity = user ? "&user=" + encodeURIComponent(user) : ""
  let known

  const request = async (path, signal, limit, onText, body, isRepeated) => {
    let reason = "token", text = "", timer, status
    const controller = new AbortController, stop = () => controller.abort()
    const arm = (ms) => {
      const due = now() + ms
      clearTimeout(timer)
      timer = setTimeout(() => {
        // A timer that fires much too late was suspended with the page, and proves nothing.
        if (now() - due < 5000) reason = "timeout"
        stop()
      }, ms)
    }
    try {
      const [own, value] = await within(tokenLimit, Promise.all([headers?.(), known ?? token?.()]))
      known = value
      reason = "network"
      signal.addEventListener("abort", stop, { signal: controller.signal })
      if (signal.aborted) stop()
      arm(limit)
      // The random item makes each URL new: no cache on the way has an answer for it.
      const answer = await fetch(base + path + identity + "&_=" + Math.random(), {
        credentials: "include", cache: "no-store", signal: controller.signal, ...body && { method: "POST", body },
        headers: { ...own, ...known && { Authorization: "Bearer " + known }, ...body && { "Content-Type": "application/json" } },
      })
      status = answer.status
      const header = (name) => answer.headers.get(name)
      const reader = answer.body?.getReader(), decoder = new TextDecoder, isStream = answer.ok && onText
      const isForeign = isStream && !/event-stream *(;|$)/.test(header("Content-Type"))
      for (let part; !isForeign && reader && !(part = await reader.read()).done;) {
        reason = "cut"
        if (!body) arm(silenceLimit)
        text += decoder.decode(part.value, { stream: true })
        if (isStream) text = onText(text)
        if (text.length > longestText) break
      }
      if (isStream && !isForeign) throw 0
      reason = "foreign"
      const json = JSON.parse(text)
      if (answer.ok) return { ...json, age: header("Age") }
      throw { _reason: json.error, _status: status, _retry: header("Retry-After") * 1000, _message: json.message }
    } catch (error) {
      // The token may have expired: ask for another one, once.
      if (status == 401 && known && !isRepeated) {
        known = undefined
        return request(path, signal, limit, onText, body, true)
      }
      throw error._reason ? error : { _reason: reason, _status: status }
    } finally {
      clearTimeout(timer)
      stop()
    }
  }

  /** Makes a request to read. The names of channels need no encoding. */
  request._read = (path, names, after, ...parameters) =>
    request(path + "channel=" + names.join("&channel=") + (after ? "&after=" + encodeURIComponent(after) : ""), ...parameters)

  /** Polls, and returns the checked answer; its members are snapshots among the events, as on a stream. */
  request._poll = async (names, after, signal, wait = 0, last = 0) => {
    const answer = await request._read(`poll?wait=${wait}&last=${last}&`, names, after, signal, wait * 1000 + pollLimit)
    const { position, events, members, me, age } = answer
    if (!position || !events?.unshift) throw { _reason: "foreign" }
    // A cache on the way keeps answers in spite of their header.
    if (age > 0 && (!after || after == position)) throw { _reason: "stale" }
    for (const name of names) {
      const presence = members?.[name]
      if (presence || !after) events.unshift(makeEvent(name, position, snapshotEvent, { presence, me }))
    }
    return answer
  }

  return request
}
