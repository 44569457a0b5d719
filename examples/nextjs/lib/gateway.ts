// SPDX-License-Identifier: MIT
"use client"

import { connect } from "passerelle"

type Read = () => Promise<void>

const readers = new Map<string, Set<Read>>()

/** The page's connection. It sends nothing until a component uses a channel, and nothing on the server. */
export const gateway = connect({
  // The path of next.config.mjs.
  url: "/rt",
  // Called after each subscription and on each gap. Events wait until it succeeds; if it fails, it is repeated.
  sync: async (channel) => {
    await Promise.all([...(readers.get(channel) ?? [])].map((read) => read()))
  },
})

/** Registers how the application's records of a channel are read again. Returns the function that ends it. */
export function registerReader(channel: string, read: Read): () => void {
  const all = readers.get(channel) ?? new Set()
  readers.set(channel, all.add(read))
  return () => void all.delete(read)
}

/** Returns a function that runs `read` again after the current run, so that two runs never overlap. */
export function oneAtATime(read: Read): Read {
  let last: Promise<void> = Promise.resolve()
  return () => (last = last.catch(() => {}).then(read))
}
