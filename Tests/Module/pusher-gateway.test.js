// SPDX-License-Identifier: MIT
// passerelle-pusher.js against the real gateway.

import assert from "node:assert/strict"
import { after, afterEach, before, describe, test } from "node:test"
import { CHANNEL, DemoGateway, until } from "./support/demo-gateway.js"
import { FORMS, served } from "./support/stage.js"

let gateway
before(async () => {
  gateway = await DemoGateway.start()
})
after(() => gateway.close())

for (const form of FORMS) describe(`with a gateway, ${form}`, async () => {
  const { default: Pusher } = await import(served(form, "passerelle-pusher.js"))
  const clients = []
  afterEach(() => clients.splice(0).forEach((each) => each.disconnect()))

  function client(user, options) {
    const pusher = new Pusher("sandbox-key", { cluster: "eu", gateway: gateway.url, user, ...options })
    clients.push(pusher)
    return pusher
  }

  /** Records every event of a target by name, as [name, data]. */
  function recorded(target) {
    const events = []
    target.bind_global((event, data) => events.push([event, data]))
    return { events, of: (name) => events.filter((each) => each[0] === name).map((each) => each[1]), has: (name) => events.some((each) => each[0] === name) }
  }

  test("two users see each other, and one types", async () => {
    const [anne, ben] = [client("anne"), client("ben")]
    const channel = anne.subscribe(CHANNEL)
    const heard = recorded(channel)
    await until(() => heard.has("pusher:subscription_succeeded"), "anne is subscribed")
    assert.equal(anne.connection.state, "connected")
    await until(() => channel.members.me, "anne is a member")
    assert.deepEqual(channel.members.me, { id: "anne", info: {} })
    const bens = ben.subscribe(CHANNEL)
    await until(() => heard.has("pusher:member_added"), "ben arrives")
    assert.deepEqual(heard.of("pusher:member_added"), [{ id: "ben", info: {} }])
    assert.deepEqual(channel.members.get("ben"), { id: "ben", info: {} })
    await until(() => bens.members.count === 2 && bens.trigger("client-typing", { isTyping: true }), "ben types")
    await until(() => heard.has("client-typing"), "anne hears it")
    assert.equal(heard.of("client-typing").length, 1)
  })

  test("a page that waits for connected subscribes then", async () => {
    const pusher = client("anne")
    await new Promise((resolve) => pusher.connection.bind("connected", resolve))
    const heard = recorded(pusher.subscribe(CHANNEL))
    await until(() => heard.has("pusher:subscription_succeeded"), "the subscription")
  })

  test("a refused channel is subscription_error, and the others go on", async () => {
    const pusher = client("anne")
    const refused = recorded(pusher.subscribe("private-other"))
    await until(() => refused.has("pusher:subscription_error"), "the refusal")
    const [error] = refused.of("pusher:subscription_error")
    assert.equal(error.type, "AuthError")
    assert.equal(error.status, 403)
    await until(() => pusher.connection.state === "connected", "a client without channels is connected")
    const heard = recorded(pusher.subscribe(CHANNEL))
    await until(() => heard.has("pusher:subscription_succeeded"), "the other channel")
    assert.equal(pusher.connection.state, "connected")
  })

  test("a channel that is left and entered again at once is subscribed", async () => {
    const pusher = client("anne")
    const first = recorded(pusher.subscribe(CHANNEL))
    await until(() => first.has("pusher:subscription_succeeded"), "the first subscription")
    pusher.unsubscribe(CHANNEL)
    const second = recorded(pusher.subscribe(CHANNEL))
    await until(() => second.has("pusher:subscription_succeeded"), "the second subscription")
    await gateway.publish("new-message", { message: { id: `again-${form}` } })
    await until(() => second.has("new-message"), "an event")
    assert.ok(!first.has("new-message"))
  })

  test("events that are published while the gateway is killed and started again come once, in order", async () => {
    const pusher = client("anne")
    const channel = pusher.subscribe(CHANNEL)
    const heard = recorded(channel)
    await until(() => heard.has("pusher:subscription_succeeded"), "the subscription")
    for (let id = 0; id < 20; id++) await gateway.publish("new-message", { message: { id } })
    // An event that the gateway has not received yet would be lost in the gap.
    await until(() => heard.of("new-message").length >= 20, "the first messages")
    await gateway.kill()
    await until(() => pusher.connection.state === "connecting", "the loss is noticed")
    assert.equal(channel.trigger("client-typing", { isTyping: true }), false)
    await gateway.run()
    await until(() => pusher.connection.state === "connected", "the connection returns")
    await until(() => heard.has("passerelle:gap"), "the gap")
    for (let id = 20; id < 40; id++) await gateway.publish("new-message", { message: { id } })
    await until(() => heard.of("new-message").length >= 40, "all messages")
    assert.deepEqual(heard.of("new-message").map((each) => each.message.id), [...Array(40).keys()])
  })
})
