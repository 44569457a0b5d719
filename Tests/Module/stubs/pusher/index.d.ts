// SPDX-License-Identifier: MIT
// Stands for `pusher` 5, the server library of Channels, which Debian does not package: the parts that
// examples/nextjs uses.
type Server = { cluster: string } | { host: string; port?: string }

declare class Pusher {
  constructor(options: { appId: string; key: string; secret: string; useTLS?: boolean } & Server)
  trigger(channel: string | string[], event: string, data: unknown): Promise<unknown>
  authorizeChannel(
    socketId: string,
    channel: string,
    data?: { user_id: string; user_info?: Record<string, unknown> }
  ): { auth: string; channel_data?: string }
}
export = Pusher
