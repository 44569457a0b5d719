// SPDX-License-Identifier: MIT
// The listeners of passerelle-pusher.js, by the rules of pusher-js.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Dispatcher } from "../../Sources/PasserelleBrowser/src/pusher/dispatcher.js"

/** Returns a listener and the calls that it received. */
function recorder() {
  const calls = []
  function listener(...values) {
    calls.push({ self: this, values })
  }
  return { calls, listener }
}

const names = (calls) => calls.map((each) => each.values[0])

test("a listener receives the events of its name only", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  dispatcher.bind("a", listener)
  dispatcher.emit("a", 1).emit("b", 2)
  assert.deepEqual(names(calls), [1])
})

test("a listener that is bound twice is called twice", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  dispatcher.bind("a", listener).bind("a", listener).emit("a", 1)
  assert.equal(calls.length, 2)
})

test("names of JavaScript's own properties are ordinary names", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  for (const name of ["toString", "constructor", "__proto__", ""]) dispatcher.emit(name, 1).bind(name, listener).emit(name, name || "empty")
  assert.deepEqual(names(calls), ["toString", "constructor", "__proto__", "empty"])
})

test("the context of bind is the listener's this, otherwise the global object is", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  const context = {}
  dispatcher.bind("a", listener, context).bind("a", listener).emit("a")
  assert.equal(calls[0].self, context)
  assert.equal(calls[1].self, globalThis)
})

test("global listeners are called first, with the name and the data", () => {
  const dispatcher = new Dispatcher()
  const order = []
  dispatcher.bind("a", (...values) => order.push(["named", ...values]))
  dispatcher.bind_global((...values) => order.push(["global", ...values]))
  dispatcher.emit("a", 1, { user_id: "u" })
  assert.deepEqual(order, [["global", "a", 1], ["named", 1, { user_id: "u" }]])
})

test("a named listener receives data and metadata, or data that is truthy, or nothing", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  dispatcher.bind("a", listener)
  dispatcher.emit("a", 0, {}).emit("a", undefined, {}).emit("a", "x").emit("a", 0).emit("a", "").emit("a", null).emit("a")
  assert.deepEqual(calls.map((each) => each.values), [[0, {}], [undefined, {}], ["x"], [], [], [], []])
})

test("a listener may unbind itself while its event is emitted", () => {
  const dispatcher = new Dispatcher()
  const order = []
  const first = () => {
    order.push("first")
    dispatcher.unbind("a", first)
  }
  dispatcher.bind("a", first).bind("a", () => order.push("second"))
  dispatcher.emit("a").emit("a")
  assert.deepEqual(order, ["first", "second", "second"])
})

test("a named listener that a global one removes is not called", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  dispatcher.bind("a", listener).bind_global(() => dispatcher.unbind("a"))
  dispatcher.emit("a")
  assert.equal(calls.length, 0)
})

// The table's listeners record their event, their own name and that of their context.
let called = []
const f = function (event) {
  called.push(event + "f" + (this.label ?? ""))
}
const g = function (event) {
  called.push(event + "g" + (this.label ?? ""))
}
const c = { label: "c" }
const d = { label: "d" }
const BINDINGS = [["a", f, c], ["a", f, d], ["a", g, c], ["b", f, c], ["b", g, d], ["b", f]]
const REMOVALS = [
  { by: [], left: "" },
  { by: ["a"], left: "bfc bgd bf" },
  { by: ["other"], left: "afc afd agc bfc bgd bf" },
  { by: [null, f], left: "agc bgd" },
  { by: ["a", f], left: "agc bfc bgd bf" },
  { by: ["a", null, c], left: "afd bfc bgd bf" },
  { by: [null, null, c], left: "afd bgd bf" },
  { by: ["a", f, c], left: "afd agc bfc bgd bf" },
  { by: [null, f, c], left: "afd agc bgd bf" },
  { by: ["a", () => {}], left: "afc afd agc bfc bgd bf" },
]

for (const { by, left } of REMOVALS) {
  test(`unbind(${by.map((each) => each?.name || each?.label || each)}) leaves what differs in an argument`, () => {
    const dispatcher = new Dispatcher()
    for (const binding of BINDINGS) dispatcher.bind(...binding)
    called = []
    dispatcher.unbind(...by).emit("a", "a").emit("b", "b")
    assert.equal(called.join(" "), left)
  })
}

test("unbind keeps global listeners, unbind_global the named ones, unbind_all none", () => {
  const dispatcher = new Dispatcher()
  const { calls, listener } = recorder()
  const bind = () => dispatcher.bind("a", () => calls.push({ values: ["named"] })).bind_global(() => calls.push({ values: ["global"] }))
  const heard = () => {
    calls.length = 0
    dispatcher.emit("a")
    return names(calls)
  }
  bind().unbind()
  assert.deepEqual(heard(), ["global"])
  bind().unbind_global()
  assert.deepEqual(heard(), ["named"])
  bind().unbind_all()
  assert.deepEqual(heard(), [])
  dispatcher.bind_global(listener).bind_global(f).unbind_global(f).emit("a", 1)
  assert.deepEqual(names(calls), ["a"])
})

test("every method returns the object", () => {
  const dispatcher = new Dispatcher()
  const returned = [dispatcher.bind("a", f), dispatcher.unbind("a", f), dispatcher.bind_global(f), dispatcher.unbind_global(f), dispatcher.unbind_all(), dispatcher.emit("a")]
  for (const each of returned) assert.equal(each, dispatcher)
})

test("a listener that is no function is a TypeError that names it", () => {
  for (const bad of [undefined, null, "f", {}]) {
    assert.throws(() => new Dispatcher().bind("a", bad), { name: "TypeError", message: /callback/ })
    assert.throws(() => new Dispatcher().bind_global(bad), { name: "TypeError", message: /callback/ })
  }
})
