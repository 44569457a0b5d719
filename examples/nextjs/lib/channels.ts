// SPDX-License-Identifier: MIT

const PREFIX = "presence-bail-"

export function channelOf(bailId: string): string {
  return PREFIX + bailId
}

/** Returns the id of the bail, or null for any other channel. */
export function bailOf(channel: string): string | null {
  return channel.startsWith(PREFIX) ? channel.slice(PREFIX.length) : null
}
