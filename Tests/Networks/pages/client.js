// SPDX-License-Identifier: MIT
// One client of the matrix: receives events in one of three ways and counts each number. The query
// names the way, the channel and the token.

const settings = Object.fromEntries(new URLSearchParams(location.search))
const { client, channel, token } = settings
const began = Date.now()
const seen = new Map()
const delays = []
const states = []
const gaps = []
const errors = []
let probes = 0
let tokens = 0
let restored = 0
let first = null
const disordered = []
let last = -1
let sent = null

addEventListener("error", ({ message }) => errors.push(message))
addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason?.stack ?? reason)))
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  errors.push(`${violatedDirective} ${blockedURI}`)
})

function receive(name, data) {
  if (name === "passerelle:gap") gaps.push(data.reason)
  if (name !== "probe" && name !== "new-message") return
  first ??= (Date.now() - began) / 1000
  if (name === "probe") {
    probes++
    return
  }
  seen.set(data.n, (seen.get(data.n) ?? 0) + 1)
  if (seen.get(data.n) > 1) return
  if (data.n < last) disordered.push(`${data.n} after ${last} at ${(Date.now() - began) / 1000} s`)
  last = data.n
  delays.push((Date.now() - data.at) / 1000)
}

function once(action) {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}

async function ownToken() {
  tokens++
  if (!settings.renews) return token
  return (await fetch(`/site/token?channel=${channel}&seconds=${settings.renews}`)).text()
}

// Restores what was received before a reload, and keeps it for the next one.
function kept(gateway) {
  addEventListener("pagehide", () => {
    sessionStorage.setItem("kept", JSON.stringify({ position: gateway.position, seen: [...seen] }))
  })
  const { position, seen: before } = JSON.parse(sessionStorage.getItem("kept") ?? "{}")
  for (const [number, count] of before ?? []) {
    seen.set(number, count)
    last = number
  }
  return position ? { after: position } : {}
}

// Sends a client event; the gateway may ask for a repetition while the user becomes a member, and a
// busy machine may need more than the ten seconds.
async function send(chat) {
  let reason
  for (let turn = 0, timeouts = 0; turn < 5 && timeouts < 2; turn++) {
    try {
      await chat.send("client-typing", { isTyping: true })
      return "accepted"
    } catch (error) {
      reason = error.reason ?? String(error)
      timeouts += reason === "timeout"
    }
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  return reason
}

const note = (state) => {
  if (states.at(-1)?.[1] !== state) states.push([(Date.now() - began) / 1000, state])
}

const ways = {
  async module() {
    const { connect } = await import(settings.module)
    const gateway = connect({ url: "/", token: ownToken })
    gateway.on("state", ({ state, transport }) => note(`${state} ${transport ?? ""}`.trim()))
    const chat = gateway.subscribe(channel, settings.keeps ? kept(gateway) : {})
    chat.on("*", (data, event) => receive(event.event, data))
    const sending = once(async () => { sent = await send(chat) })
    chat.on("probe", sending).on("new-message", sending)
  },

  async rescue() {
    const { rescue } = await import(settings.module)
    await import("./pusher.js")
    const pusher = new globalThis.Pusher("sandbox-key", {
      cluster: "mt1", wsHost: location.hostname, wsPort: location.port, forceTLS: false,
      enabledTransports: ["ws"], channelAuthorization: { endpoint: "/site/auth", transport: "ajax" },
      // The same for pusher-js before 7.1.
      authEndpoint: "/site/auth",
    })
    rescue(pusher, { url: "/", token: async () => token })
    pusher.connection.bind("state_change", ({ current }) => note(current))
    const chat = pusher.subscribe(channel)
    for (const name of ["probe", "new-message", "passerelle:gap"]) {
      chat.bind(name, (data) => receive(name, data))
    }
  },

  async eventsource() {
    const source = new EventSource(`/events?channel=${channel}`, { withCredentials: true })
    for (const name of ["probe", "new-message", "passerelle:gap"]) {
      source.addEventListener(name, ({ data }) => receive(name, JSON.parse(data).data))
    }
    source.onopen = () => note("open")
    source.onerror = () => note(source.readyState === EventSource.CLOSED ? "closed" : "connecting")
  },
}

// The count of the numbers from 0 on without a hole, the numbers that came, and those that came
// more than once.
globalThis.report = () => {
  let unbroken = 0
  while (seen.has(unbroken)) unbroken++
  const sorted = delays.toSorted((a, b) => a - b)
  return {
    client, probes, tokens, restored, first, unbroken, gaps, errors, sent,
    received: seen.size,
    disordered: disordered.slice(0, 100),
    states: states.slice(-400),
    duplicated: [...seen].filter(([, count]) => count > 1).map(([number]) => number),
    median: sorted[Math.floor(sorted.length / 2)] ?? null,
    p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? null,
    slowest: sorted.at(-1) ?? null,
  }
}

addEventListener("pageshow", ({ persisted }) => { restored += persisted })

document.cookie = `passerelle=${token}; path=/; SameSite=Strict`
if (parent !== globalThis) setInterval(() => parent.postMessage(report(), "*"), 250)
ways[client]().catch((error) => errors.push(String(error.stack ?? error)))
