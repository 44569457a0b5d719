// SPDX-License-Identifier: MIT

/**
 * Tests a WebSocket to Channels: whether it opens, whether Channels greets it, and whether it then stays open for `stay`
 * milliseconds. Nothing is sent, and no channel is subscribed.
 */
const testSocket = (url, { stay, patience }) => new Promise((resolve) => {
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  const result = {}
  let socket
  try {
    socket = new WebSocket(url)
  } catch {
    // A page with https cannot open a WebSocket without TLS.
    return resolve({ isUntested: true })
  }
  const finish = (last) => {
    clearTimeout(timer)
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    resolve({ ...result, ...last })
  }
  let timer = setTimeout(() => finish({ failed: "no answer" }), patience)
  socket.onopen = () => {
    result.opened_ms = since()
    clearTimeout(timer)
    timer = setTimeout(() => finish({ stayed: true }), stay)
  }
  socket.onmessage = ({ data }) => {
    if (typeof data === "string" && data.includes('"pusher:connection_established"')) result.greeted = true
  }
  socket.onclose = ({ code }) => finish({ closed_ms: since(), code })
})
