// SPDX-License-Identifier: MIT
// A page of an application that was written for pusher-js.

import Pusher, { BadEventName } from "passerelle/pusher"
import type { Channel, Members, Options, PresenceChannel } from "passerelle/pusher"

const options: Options = {
  cluster: "eu",
  forceTLS: true,
  enabledTransports: ["ws", "wss"],
  channelAuthorization: { endpoint: "/api/pusher/auth", transport: "ajax", headers: { "X-CSRF-Token": "t" } },
  gateway: "/rt",
  token: async () => "t",
  dedupe: (event) => event.data.message?.id,
  sync: async (channel, { reason, since }) => console.log(channel, reason, since),
}
const pusher: Pusher = new Pusher("key", options)
const channel: Channel = pusher.subscribe("private-news")
const chat: PresenceChannel = pusher.subscribe("presence-bail-42")

chat.bind("pusher:subscription_succeeded", (members: Members) => members.each(({ id, info }) => console.log(id, info.name)))
chat.bind("client-typing", (data: { isTyping: boolean }, metadata) => console.log(data.isTyping, metadata?.user_id))
pusher.bind_global((event, data) => console.log(event, data)).unbind_all()
pusher.connection.bind("state_change", ({ previous, current }) => console.log(previous, current))
channel.bind("news", console.log).unbind("news").unbind(null, console.log).unbind()

const sent: boolean = chat.trigger("client-typing", { isTyping: true })
const me: string | undefined = chat.members.me?.id
const nothing: null = pusher.connection.socket_id
const state: "initialized" | "connecting" | "connected" | "unavailable" | "disconnected" = pusher.connection.state
try {
  chat.trigger("typing", {})
} catch (error) {
  if (!(error instanceof BadEventName)) throw error
}
pusher.user.signin()
pusher.switchCluster({ appKey: "other", cluster: "us3" })

// @ts-expect-error: a key is needed
new Pusher()
// @ts-expect-error: an option that does not exist
new Pusher("key", { gatway: "/rt" })
// @ts-expect-error: the names of states are known
pusher.connection.state === "offline"
// @ts-expect-error: public channels have no members
channel.members
// @ts-expect-error: data is an object
chat.trigger("client-typing", "yes")

export { me, nothing, sent, state }
