// SPDX-License-Identifier: MIT
// Shows one frame for each client, and keeps the last report of each. All frames are visible, so
// that the browser does not slow their timers.

globalThis.reports = {}

addEventListener("message", ({ data }) => { globalThis.reports[data.client] = data })

globalThis.open = (frames) => {
  for (const url of frames) {
    const frame = document.createElement("iframe")
    frame.src = url
    frame.width = 300
    frame.height = 150
    document.body.append(frame)
  }
}
