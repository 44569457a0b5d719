// SPDX-License-Identifier: MIT
// The verdict of `/diagnose` on what its tests have found.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, test } from "node:test"

const folder = new URL("../../Sources/PasserelleBrowser/Diagnose/", import.meta.url)
const script = ["words", "grades", "report"].map((name) => readFileSync(new URL(name + ".js", folder), "utf8")).join("\n")
const { gradesOf, reportOf } = Function(`${script}; return { gradesOf, reportOf }`)()

const good = {
  socket: { opened_ms: 20, greeted: true, stayed: true },
  stream: { first_ms: 30, frames: 10, delay_ms: 5, isWhole: true, seconds: 70, lived_ms: 70000 },
  polls: [10, 25, 55].map((seconds) => ({ seconds, works: true })), post: { works: true },
  fields: { cookie: true, authorization: true }, time: { isCached: false, clock_ms: 10 }, http: "h2",
}
const socket = {}, noPolls = good.polls.map(({ seconds }) => ({ seconds, works: false }))
const stream = { frames: 0, lived_ms: 0, seconds: 70, isWhole: false }

const verdicts = [
  ["nothing", {}, "The chat works live.", "Le chat fonctionne en direct."],
  ["WebSockets", { socket }, "The chat works live, without a WebSocket.", "Le chat fonctionne en direct, sans WebSocket."],
  ["WebSockets and streams", { socket, stream }, "The chat works, with a delay", "Le chat fonctionne, avec quelques secondes"],
  ["everything that is long, and caches the rest", { socket, stream, polls: noPolls, time: { isCached: true, clock_ms: 0 } }, "The chat cannot work", "Le chat ne peut pas"],
  ["POST", { post: { failed: "TimeoutError" } }, "The chat can be read, but not written to.", "Le chat peut être lu, mais rien"],
  ["the body of POST", { post: { failed: "another answer", isAnswered: true } }, "The chat can be read, but not written to.", "Le chat peut être lu, mais rien"],
  ["POST and WebSockets", { socket, post: { failed: "TimeoutError" } }, "The chat can be read, but not written to.", "Le chat peut être lu, mais rien"],
  ["cookies", { fields: { cookie: false, authorization: true } }, "The chat works live.", "Le chat fonctionne en direct."],
  ["Authorization", { fields: { cookie: true, authorization: false } }, "The chat works live.", "Le chat fonctionne en direct."],
  ["cookies and Authorization", { fields: { cookie: false, authorization: false } }, "The chat cannot work", "Le chat ne peut pas"],
  ["the test of cookies", { fields: { failed: "TimeoutError" } }, "The chat works live.", "Le chat fonctionne en direct."],
]

describe("the verdict of /diagnose", () => {
  for (const [blocked, changes, english, french] of verdicts) {
    test(`a network that blocks ${blocked}`, () => {
      const results = { ...good, ...changes }
      const { en, fr } = reportOf(results, gradesOf(results), { host: "h", socketHost: "s" })
      assert.ok(en[0].startsWith(english), en[0])
      assert.ok(fr[0].startsWith(french), fr[0])
    })
  }
})
