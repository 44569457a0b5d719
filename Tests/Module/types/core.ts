// SPDX-License-Identifier: MIT
// A page without a framework.

import { connect, rescue, SendBlocked } from "passerelle"
import type { Channel, Gateway, GatewayEvent, Transport } from "passerelle"

const gateway: Gateway = connect({ url: "/", token: async () => "t", sync: async (channel, { reason }) => console.log(channel, reason) })
const chat: Channel = gateway.subscribe("presence-bail-42", { last: 20 })

interface Message { id: string; content: string }

chat.on("new-message", ({ message }: { message: Message }, event: GatewayEvent) => console.log(event.id, message.content))
chat.send("client-typing", { isTyping: true }).catch((error: unknown) => {
  if (error instanceof SendBlocked) console.log(error.reason, error.status)
})
gateway.on("state", ({ state, transport }) => console.log(state, transport))

const me: string | null = chat.me
const transport: Transport = gateway.transport
const name: string | undefined = chat.members.get("usr_7")?.name

// @ts-expect-error: members are changed by the gateway only
chat.members.set("usr_7", {})
// @ts-expect-error: an option that does not exist
connect({ uri: "/" })
// @ts-expect-error: a pusher-js client is needed
rescue({})

export { me, name, transport }
