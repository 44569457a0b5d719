// SPDX-License-Identifier: MIT
// A gateway with a log, for the core of the browser module. `network` may replace any answer.

const json = (status, body, headers = {}) => ({ status, headers: { "content-type": "application/json", ...headers }, text: JSON.stringify(body) })

export class FakeGateway {
  entries = []
  epoch = "aa"
  members = {}
  me = {}
  requests = []
  open = new Set()
  waiting = new Set()
  /** Answers a request in the gateway's stead: an answer, "hang", "reset", or undefined to let it pass. */
  network = () => undefined
  upstream
  lives = true

  constructor(world) {
    this.world = world
  }

  get position() {
    return `${this.epoch}-${this.entries.length}`
  }

  /** Appends an event, and delivers it. */
  publish(channel, n, event = "new-message", data = { n }) {
    this.entries.push({ channel, event, data })
    const entry = this.form(this.entries.length)
    for (const stream of [...this.open]) if (stream.channels.includes(channel)) stream.push(frame(entry))
    for (const poll of [...this.waiting]) if (poll.channels.includes(channel)) poll.answer()
    return entry.id
  }

  form(number) {
    return { id: `${this.epoch}-${number}`, time: "2026-03-02T09:01:10.412Z", ...this.entries[number - 1] }
  }

  after(position, channels) {
    const [epoch, number] = position === "earliest" ? [this.epoch, 0] : position.split("-")
    if (epoch !== this.epoch) {
      return [...channels.map((channel) => ({ id: `${this.epoch}-0`, time: "", channel, event: "passerelle:gap", data: { reason: "unknown-position", from: position } })), ...this.after("earliest", channels)]
    }
    return this.entries.map((_, index) => this.form(index + 1)).slice(+number).filter((entry) => channels.includes(entry.channel))
  }

  of(path) {
    return this.requests.filter((request) => request.path === path)
  }

  /** Ends the connections of a tab, or all. */
  closeAll(tab) {
    for (const stream of [...this.open]) if (!tab || stream.tab === tab) stream.end()
  }

  async fetch(url, init, tab) {
    const { pathname, searchParams, origin } = new URL(url)
    const request = {
      tab, origin, path: pathname, at: this.world.now, method: init.method ?? "GET", headers: init.headers, body: init.body, credentials: init.credentials, cache: init.cache,
      channels: searchParams.getAll("channel"), after: searchParams.get("after"), wait: +searchParams.get("wait"), last: +searchParams.get("last"), user: searchParams.get("user"), url,
      signal: init.signal,
    }
    this.requests.push(request)
    if (init.signal.aborted) throw new DOMException("aborted", "AbortError")
    const aborted = new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))))
    aborted.catch(() => {})
    const answer = await Promise.race([Promise.resolve().then(() => this.respond(request)), aborted])
    await new Promise((resolve) => tab.run(resolve))
    return new FakeResponse(answer, init.signal, tab)
  }

  async respond(request) {
    const replaced = this.network(request) ?? (this.lives ? undefined : "reset")
    if (replaced === "hang") return new Promise(() => {})
    if (replaced === "reset") throw new TypeError("Failed to fetch")
    if (replaced) return replaced
    if (request.method === "POST") return json(202, {})
    if (request.channels.length > 100) return json(400, { error: "bad-request", message: "There are more than 100 channels." })
    const refused = request.channels.find((name) => name.includes("forbidden"))
    if (refused) return json(403, { error: "forbidden", message: "This channel is not served." })
    return request.path === "/events" ? this.stream(request) : this.poll(request)
  }

  stream(request) {
    const from = request.after ?? this.position
    const stream = { ...request, parts: ["retry: 2000\n\n"], push: (text) => { stream.parts.push(text); stream.wake?.() }, end: () => { stream.ended = true; this.open.delete(stream); stream.wake?.() } }
    for (const channel of request.channels) stream.parts.push(frame({ id: from, time: "", channel, event: "pusher:subscription_succeeded", data: this.snapshot(channel) }))
    for (const entry of this.after(from, request.channels)) stream.parts.push(frame(entry))
    this.open.add(stream)
    request.signal.addEventListener("abort", () => this.open.delete(stream))
    const beat = () => { if (this.open.has(stream)) { stream.push(":\n"); this.world.setTimeout(beat, 15000) } }
    this.world.setTimeout(beat, 15000)
    return { status: 200, headers: { "content-type": "text/event-stream; charset=utf-8" }, stream }
  }

  snapshot(channel) {
    const ids = Object.keys(this.members[channel] ?? {})
    return { presence: { count: ids.length, ids, hash: this.members[channel] ?? {} }, ...this.me[channel] && { me: this.me[channel] }, ...this.upstream && { upstream: this.upstream } }
  }

  poll(request) {
    const answer = () => {
      const events = request.after ? this.after(request.after, request.channels)
        : request.last ? this.after("earliest", request.channels).slice(-request.last) : []
      const members = Object.fromEntries(request.channels.filter((name) => name.startsWith("presence-")).map((name) => [name, { ...this.snapshot(name).presence, me: this.me[name] }]))
      return json(200, { position: this.position, events, more: false, retry_ms: request.wait ? 100 : 2000, ...this.upstream && { upstream: this.upstream }, ...!request.after && { members, me: this.me[request.channels[0]] } })
    }
    if (!request.wait || !request.after || this.after(request.after, request.channels).length) return answer()
    return new Promise((resolve) => {
      const poll = { ...request, answer: () => { this.waiting.delete(poll); resolve(answer()) } }
      this.waiting.add(poll)
      request.signal.addEventListener("abort", () => this.waiting.delete(poll))
      this.world.setTimeout(poll.answer, request.wait * 1000)
    })
  }
}

export const frame = (entry) => `event: ${entry.event}\nid: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`

/** A stream that a test writes itself. */
export const scripted = (...parts) => {
  const stream = { parts, push: (text) => { stream.parts.push(text); stream.wake?.() }, end: () => { stream.ended = true; stream.wake?.() } }
  return { status: 200, headers: { "content-type": "text/event-stream" }, stream }
}

class FakeResponse {
  constructor({ status, headers = {}, text = "", stream }, signal, tab) {
    this.status = status
    this.ok = status >= 200 && status < 300
    this.headers = { get: (name) => headers[name.toLowerCase()] ?? null }
    stream ??= { parts: text ? [text] : [], ended: true }
    const encoder = new TextEncoder()
    this.body = {
      getReader: () => ({
        read: () => new Promise((resolve, reject) => {
          const next = () => tab.run(() => {
            stream.wake = undefined
            if (signal.aborted) return reject(new DOMException("aborted", "AbortError"))
            if (stream.parts.length) return resolve({ done: false, value: encoder.encode(stream.parts.shift()) })
            if (stream.ended) return resolve({ done: true })
            stream.wake = next
          })
          signal.addEventListener("abort", next)
          next()
        }),
      }),
    }
  }
}
