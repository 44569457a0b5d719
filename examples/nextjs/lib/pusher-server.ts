// SPDX-License-Identifier: MIT

import Pusher from "pusher"

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

/** Another Channels-compatible server, such as `passerelle sandbox`; otherwise the cluster. */
function server() {
  const host = process.env.PUSHER_HOST
  if (!host) return { cluster: required("PUSHER_CLUSTER"), useTLS: true }
  return { host, port: process.env.PUSHER_PORT ?? "", useTLS: process.env.PUSHER_SCHEME !== "http" }
}

let client: Pusher | undefined

/** The application's own server client of Channels. It publishes; the gateway delivers. */
export function pusherServer(): Pusher {
  client ??= new Pusher({ appId: required("PUSHER_APP_ID"), key: required("PUSHER_KEY"), secret: required("PUSHER_SECRET"), ...server() })
  return client
}
