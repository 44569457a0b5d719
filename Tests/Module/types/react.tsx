// SPDX-License-Identifier: MIT
// Components of an application.

import { connect } from "passerelle"
import { GatewayProvider, useChannel, useConnection, useGateway, useMembers } from "passerelle/react"

const gateway = connect({ url: "/rt" })

function Chat({ bail }: { bail: string | null }) {
  const send = useChannel(
    bail,
    {
      "new-message": (data: { message: { id: string } }, event) => console.log(data.message.id, event.id),
      "client-typing": bail ? () => {} : null,
      "*": (data, event) => console.log(event.event, data),
    },
    { last: 20 }
  )
  const { count, me, members } = useMembers<{ name: string }>(bail)
  const { state, transport, reason, upstream } = useConnection()
  const names: string[] = [...members.values()].map(({ name }) => name)
  const position: string | null = useGateway().position
  const type = (): Promise<void> => send("client-typing", { isTyping: true })
  return (
    <p onClick={type}>
      {count} {me} {names.join()} {state} {transport} {reason} {upstream} {position}
    </p>
  )
}

export const Page = () => (
  <GatewayProvider gateway={gateway}>
    <Chat bail="presence-bail-42" />
  </GatewayProvider>
)

// @ts-expect-error: a gateway is needed
export const WithoutGateway = () => <GatewayProvider>{null}</GatewayProvider>

export function Wrong() {
  // @ts-expect-error: a listener is a function
  useChannel("presence-bail-42", { "new-message": "no" })
  // @ts-expect-error: the names of states are known
  if (useConnection().state === "offline") return null
  // @ts-expect-error: options are those of subscribe
  useChannel("presence-bail-42", {}, { limit: 3 })
  return null
}
