// SPDX-License-Identifier: MIT
// The folder examples/nextjs: its types, its routes and its hook, with stand-ins for what Debian does not package.

import assert from "node:assert/strict"
import { cpSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { after, afterEach, before, beforeEach, describe, test } from "node:test"
import { pathToFileURL } from "node:url"
import { Clock } from "./support/clock.js"
import { installDocument } from "./support/dom.js"
import { installed, ROOT, run } from "./support/packages.js"

let place
before(() => {
  place = installed()
  cpSync(join(ROOT, "examples/nextjs"), place.folder, { recursive: true })
  // Next.js compiles JSX itself; here esbuild does.
  configure("bundle", { compilerOptions: { jsx: "react-jsx" } })
})
after(() => place.remove())

/** Writes a variant of the example's tsconfig.json. */
function configure(name, options) {
  writeFileSync(join(place.folder, `tsconfig.${name}.json`), JSON.stringify({ extends: "./tsconfig.json", ...options }))
}

/** Bundles the example's modules that `source` exports, and imports them. React and Channels' library stay outside. */
async function load(name, source) {
  writeFileSync(join(place.folder, `${name}.ts`), source)
  run(place.folder, "esbuild", `${name}.ts`, "--bundle", "--format=esm", "--platform=node", "--tsconfig=tsconfig.bundle.json", "--external:react", "--external:pusher",
    "--log-level=warning", `--outfile=${name}.mjs`)
  return import(pathToFileURL(join(place.folder, `${name}.mjs`)))
}

const STRICT = { allowJs: true, checkJs: true, incremental: false, types: ["react", "node"] }
const message = (id) => ({ id, content: `text of ${id}`, sender: { id: "anne", name: "Anne" }, createdAt: "2026-03-02T09:00:00Z" })
const ids = (messages) => messages.map(({ id }) => id)

test("the example is strict TypeScript", () => {
  configure("check", { compilerOptions: STRICT, include: ["app", "components", "hooks", "lib", "next.config.mjs"] })
  run(place.folder, "tsc", "--project", "tsconfig.check.json")
})

test("a type error in the example is found", () => {
  writeFileSync(join(place.folder, "lib/wrong.ts"), 'import { initialChat } from "@/lib/chat"\nexport const chat = initialChat([{ id: 1 }])\n')
  configure("wrong", { compilerOptions: STRICT, include: ["lib/wrong.ts"] })
  assert.throws(() => run(place.folder, "tsc", "--project", "tsconfig.wrong.json"), /wrong\.ts\(2,36\): error TS/)
})

test("the gateway is under a path of the site", async () => {
  const { default: config } = await import(pathToFileURL(join(place.folder, "next.config.mjs")))
  assert.deepEqual(await config.rewrites(), [{ source: "/rt/:path*", destination: "http://127.0.0.1:8080/:path*" }])
})

describe("the chat as a value", () => {
  let chat
  let chatReducer
  before(async () => {
    const module = await load("chat-value", 'export * from "@/lib/chat"')
    chatReducer = module.chatReducer
    chat = (...actions) => actions.reduce(chatReducer, module.initialChat([message("old")]))
  })
  const arrived = (id) => ({ type: "arrived", message: message(id) })
  const read = (...records) => ({ type: "read", records: records.map(message) })

  const CASES = [
    { name: "a message is appended once", actions: [arrived("a"), arrived("a"), arrived("old")], shown: ["old", "a"] },
    { name: "a deleted message is removed, and does not return", actions: [arrived("a"), { type: "deleted", id: "a" }, arrived("a"), { type: "reading" }, read("old", "a")], shown: ["old"] },
    { name: "records replace what was shown", actions: [arrived("a"), { type: "reading" }, read("b", "a")], shown: ["b", "a"] },
    { name: "messages that arrive while the records are read stay", actions: [{ type: "reading" }, arrived("a"), arrived("b"), read("old", "a")], shown: ["old", "a", "b"] },
    { name: "messages from before the reading are replaced", actions: [arrived("a"), { type: "reading" }, read("old")], shown: ["old"] },
    { name: "a failed reading changes nothing", actions: [{ type: "reading" }, arrived("a"), { type: "failed" }], shown: ["old", "a"] },
  ]
  for (const { name, actions, shown } of CASES) {
    test(name, () => assert.deepEqual(ids(chat(...actions).messages), shown))
  }
})

describe("the routes", () => {
  let auth
  let messages
  let published
  before(async () => {
    Object.assign(process.env, { PUSHER_APP_ID: "1", PUSHER_KEY: "k", PUSHER_SECRET: "s", PUSHER_CLUSTER: "eu", NODE_ENV: "development" })
    const routes = await load("routes", 'export { POST as auth } from "@/app/api/pusher/auth/route"\nexport * as messages from "@/app/api/bails/[bailId]/messages/route"')
    auth = routes.auth
    messages = routes.messages
    published = createRequire(join(place.folder, "index.js"))("pusher").published
  })
  beforeEach(() => {
    process.env.DEMO_USER = "usr_notary_01"
    published.length = 0
  })

  const form = (fields) => new Request("http://localhost/api/pusher/auth", { method: "POST", body: new URLSearchParams(fields) })
  const context = (bailId) => ({ params: Promise.resolve({ bailId }) })
  const json = (body) => new Request("http://localhost/api/bails/42/messages", { method: "POST", body: JSON.stringify(body) })

  test("a party of the bail is authorized, with an identity", async () => {
    const answer = await auth(form({ socket_id: "1.2", channel_name: "presence-bail-42" }))
    assert.equal(answer.status, 200)
    const { auth: signature, channel_data } = await answer.json()
    assert.equal(signature, "1.2 presence-bail-42")
    assert.deepEqual(JSON.parse(channel_data), { user_id: "usr_notary_01", user_info: { name: "usr_notary_01", role: "NOTAIRE" } })
  })

  test("others are refused: no session 401, another bail or channel 403, no form 400", async () => {
    for (const channel_name of ["presence-bail-43", "presence-bail-", "private-bail-42", "presence-42"]) {
      assert.equal((await auth(form({ socket_id: "1.2", channel_name }))).status, 403, channel_name)
    }
    for (const fields of [{}, { socket_id: "1.2" }, { channel_name: "presence-bail-42" }, { socket_id: "1.2:x", channel_name: "presence-bail-42" }]) {
      assert.equal((await auth(form(fields))).status, 400)
    }
    assert.equal((await auth(json({ socket_id: "1.2", channel_name: "presence-bail-42" }))).status, 400)
    delete process.env.DEMO_USER
    assert.equal((await auth(form({ socket_id: "1.2", channel_name: "presence-bail-42" }))).status, 401)
  })

  test("the development's user does not exist in production", async () => {
    process.env.NODE_ENV = "production"
    assert.equal((await auth(form({ socket_id: "1.2", channel_name: "presence-bail-42" }))).status, 401)
    process.env.NODE_ENV = "development"
  })

  test("a message is stored once and published", async () => {
    const sent = { id: "11111111-aaaa", content: "Bonjour" }
    for (let attempt = 0; attempt < 2; attempt++) assert.equal((await messages.POST(json(sent), context("42"))).status, 201)
    const stored = await (await messages.GET(new Request("http://localhost/"), context("42"))).json()
    assert.deepEqual(ids(stored), [sent.id])
    const [channel, event, { message }] = published[0]
    assert.deepEqual([channel, event, message.id, message.content, message.sender.id], ["presence-bail-42", "new-message", sent.id, "Bonjour", "usr_notary_01"])
  })

  test("bad messages and strangers are refused, and nothing is published", async () => {
    for (const body of [null, {}, { id: "short", content: "x" }, { id: "11111111", content: "" }, { id: "11111111", content: "x".repeat(2001) }, { id: "../../etc", content: "x" }]) {
      assert.equal((await messages.POST(json(body), context("42"))).status, 400)
    }
    assert.equal((await messages.POST(json({ id: "11111111", content: "x" }), context("43"))).status, 403)
    process.env.DEMO_USER = "usr_stranger"
    assert.equal((await messages.GET(new Request("http://localhost/"), context("42"))).status, 403)
    delete process.env.DEMO_USER
    assert.equal((await messages.GET(new Request("http://localhost/"), context("42"))).status, 401)
    assert.deepEqual(published, [])
  })
})

describe("useChat", () => {
  const CHANNEL = "presence-bail-42"
  const { fetch } = globalThis
  let act
  let clock
  let dom
  let module
  let react
  let root
  let value
  /** The requests of the page: {method, body, answer(status, body)}. */
  let requests

  before(async () => {
    // The package's own core is replaced by the gateway without a network.
    cpSync(join(ROOT, "Tests/Module/support/fake-module.js"), join(place.modules, "passerelle/passerelle.js"))
    module = await load("use-chat-bundle", 'export * from "@/hooks/use-chat"\nexport * from "@/components/realtime-provider"\nexport { gateway } from "@/lib/gateway"')
    installDocument()
    const require = createRequire(join(place.folder, "index.js"))
    react = require("react")
    dom = require("react-dom/client")
    act = require("react-dom/test-utils").act
  })
  beforeEach(() => {
    globalThis.IS_REACT_ACT_ENVIRONMENT = true
    clock = new Clock().install()
    requests = []
    globalThis.fetch = (url, { method = "GET", body, signal }) => new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("aborted")))
      requests.push({ url, method, body: body && JSON.parse(body), signal, answer: (status, value) => resolve(new Response(JSON.stringify(value), { status })) })
    })
    root = dom.createRoot(document.createElement("div"))
  })
  afterEach(() => {
    act(() => root.unmount())
    act(() => clock.pass(1000))
    clock.remove()
    globalThis.fetch = fetch
  })

  const chat = () => module.gateway.channels.get(CHANNEL)
  const shown = () => ids(value.messages)
  /** Lets pending promises run. */
  const settle = () => act(async () => { for (let each = 0; each < 20; each++) await Promise.resolve() })

  async function render(records = []) {
    const Page = () => ((value = module.useChat("42", records)), null)
    await act(async () => root.render(react.createElement(react.StrictMode, null, react.createElement(module.RealtimeProvider, null, react.createElement(Page)))))
    await settle()
  }

  async function answer(request, status, body) {
    request.answer(status, body)
    await settle()
  }

  const open = () => requests.filter(({ method, signal }) => method === "GET" && !signal.aborted)

  test("shows the server's records first, then those that it reads", async () => {
    await render([message("a")])
    assert.deepEqual(shown(), ["a"])
    await answer(open()[0], 200, [message("a"), message("b")])
    assert.deepEqual(shown(), ["a", "b"])
  })

  test("events are shown once, deletions remove, and what arrives while reading stays", async () => {
    await render([message("a")])
    act(() => chat().receive("new-message", { message: message("b") }))
    act(() => chat().receive("new-message", { message: message("b") }))
    assert.deepEqual(shown(), ["a", "b"])
    await answer(open()[0], 200, [message("a")])
    assert.deepEqual(shown(), ["a", "b"])
    act(() => chat().receive("message-deleted", { messageId: "a" }))
    assert.deepEqual(shown(), ["b"])
  })

  test("a gap reads the records again, never two readings at a time", async () => {
    await render()
    const before = open().length
    let done = false
    module.gateway.options.sync(CHANNEL, { reason: "upstream" }).then(() => (done = true))
    await settle()
    assert.equal(open().length, before)
    await answer(open().at(-1), 200, [message("a")])
    assert.equal(open().length, before + 1)
    assert.equal(done, false)
    await answer(open().at(-1), 200, [message("a"), message("b")])
    assert.equal(done, true)
    assert.deepEqual(shown(), ["a", "b"])
  })

  test("records that cannot be read fail the sync, so that it is repeated", async () => {
    await render([message("a")])
    await answer(open()[0], 200, [message("a")])
    const failed = module.gateway.options.sync(CHANNEL, { reason: "idle" }).then(() => null, (error) => error)
    await settle()
    await answer(open().at(-1), 503, {})
    assert.match((await failed).message, /503/)
    assert.deepEqual(shown(), ["a"])
  })

  test("a message that is posted is shown once, and a failed post throws", async () => {
    await render()
    const posted = value.post("11111111", "Bonjour")
    await settle()
    const post = requests.find(({ method }) => method === "POST")
    assert.deepEqual(post.body, { id: "11111111", content: "Bonjour" })
    act(() => chat().receive("new-message", { message: message("11111111") }))
    await answer(post, 201, message("11111111"))
    await posted
    assert.deepEqual(shown(), ["11111111"])
    const failing = assert.rejects(value.post("22222222", "x"), /500/)
    await answer(requests.at(-1), 500, {})
    await failing
    assert.deepEqual(shown(), ["11111111"])
  })

  test("a post that gets no answer for 10 s fails", async () => {
    await render()
    const failing = assert.rejects(value.post("11111111", "Bonjour"), /aborted/)
    await act(async () => clock.pass(9999))
    assert.equal(requests.at(-1).signal.aborted, false)
    await act(async () => clock.pass(1))
    await failing
  })

  test("typing is shown for 3 s, until it ends, or until the message arrives", async () => {
    await render()
    const typing = (userId, isTyping) => act(() => chat().receive("client-typing", { userId, isTyping }))
    typing("anne", true)
    typing("ben", true)
    typing("ben", false)
    assert.deepEqual(value.typists, ["anne"])
    act(() => clock.pass(2999))
    assert.deepEqual(value.typists, ["anne"])
    act(() => clock.pass(1))
    assert.deepEqual(value.typists, [])
    typing("anne", true)
    act(() => chat().receive("new-message", { message: message("a") }))
    assert.deepEqual(value.typists, [])
  })

  test("a typing state is sent, and may be lost", async () => {
    await render()
    chat().blocked = new Error("swallowed")
    value.setTyping(true)
    await settle()
    assert.deepEqual(chat().sent, [{ event: "client-typing", data: { isTyping: true } }])
  })
})
