// SPDX-License-Identifier: MIT

/** Yields the `data` of each complete event in the pieces of a stream. */
const parser = () => {
  let rest = ""
  return (piece) => {
    const blocks = (rest + piece).split("\n\n")
    rest = blocks.pop()
    return blocks.flatMap((block) => {
      const data = block.split("\n").find((line) => line.startsWith("data: "))
      try {
        return data ? [JSON.parse(data.slice(6))] : []
      } catch {
        return []
      }
    })
  }
}

/**
 * Returns how much later than the least delayed frame each frame arrived, at most, in milliseconds. The server's clock
 * and this one may differ: only differences count.
 */
const largestDelay = (frames) => {
  const delays = frames.map(({ arrived, time }) => arrived - time)
  return delays.length ? Math.round(Math.max(...delays) - Math.min(...delays)) : 0
}

/**
 * Tests a stream of `seconds`: when its first byte arrives, whether its frames arrive one by one, and how long it lives.
 * A stream that is silent for longer than the gateway ever is counts as cut after its last byte.
 */
const testStream = async ({ streamSeconds, patience }) => {
  const controller = new AbortController()
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  const frames = []
  let first, last = 0, isWhole = false, failed
  const timer = setTimeout(() => controller.abort(), streamSeconds * 1000 + patience)
  try {
    const answer = await fetch(`diagnose/stream?for=${streamSeconds}`, {
      cache: "no-store", headers: { Accept: "text/event-stream" }, signal: controller.signal,
    })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    if (!/^text\/event-stream/.test(answer.headers.get("Content-Type") ?? "")) throw new Error("another answer")
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    const parse = parser()
    for (let part; !(part = await reader.read()).done;) {
      last = since()
      first ??= last
      for (const { n, time, end } of parse(part.value)) {
        if (end) isWhole = true
        else frames.push({ n, time, arrived: performance.now() })
      }
    }
    if (!isWhole) failed = "cut"
  } catch (error) {
    failed = error.name === "Error" ? error.message : error.name
  }
  clearTimeout(timer)
  // An aborted stream lived until its last byte; one that was cut, until now.
  const lived = controller.signal.aborted ? last : since()
  return {
    seconds: streamSeconds, first_ms: first, frames: frames.length, delay_ms: largestDelay(frames),
    isWhole, lived_ms: lived, ...(isWhole ? {} : { failed }),
  }
}
