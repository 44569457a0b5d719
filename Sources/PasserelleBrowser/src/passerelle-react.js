// SPDX-License-Identifier: MIT
"use client"

import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react"
import { acquire, channels, release } from "./react/channels.js"

/** What a server renders, and a browser until the page is hydrated. */
const NO_MEMBERS = new Map()
const NO_ANSWER = view({ state: "connecting", transport: "stream", upstream: "connected" })

const Context = createContext(null)

/** Gives a gateway, which `connect` made, to the hooks of its children. */
export function GatewayProvider({ gateway, children }) {
  return createElement(Context.Provider, { value: gateway }, children)
}

/** Returns the gateway of the nearest provider. */
export function useGateway() {
  const gateway = useContext(Context)
  if (!gateway) throw new TypeError("gateway: there is no GatewayProvider")
  return gateway
}

/** Calls `listeners[event](data, event)` for the channel's events; "*" hears every event. The listeners
 * of the last rendering count. Without a name, nothing is subscribed. Returns `send`. */
export function useChannel(name, listeners, options) {
  const gateway = useGateway()
  const current = useRef()
  useEffect(() => {
    current.current = new Map(Object.entries(listeners ?? {}))
    for (const [event, listener] of current.current) {
      if (listener && typeof listener !== "function") throw new TypeError(`listeners: ${event} must be a function`)
    }
  })
  useEffect(() => {
    if (!name) return
    const { chat } = acquire(gateway, name, options)
    const listener = (data, event) => {
      for (const each of [event.event, "*"]) current.current.get(each)?.(data, event)
    }
    chat.on("*", listener)
    return () => {
      chat.off("*", listener)
      release(gateway, name)
    }
  }, [gateway, name])
  return useCallback(
    async (event, data) => {
      const use = channels(gateway).get(name)
      if (!use) throw new TypeError(`name: ${name} is not subscribed`)
      return use.chat.send(event, data)
    },
    [gateway, name]
  )
}

/** Returns the members of a presence channel as {count, me, members}; `members` is a Map of user_id
 * to user_info, and a new one after each change. */
export function useMembers(name) {
  const gateway = useGateway()
  const find = () => channels(gateway).get(name)?.chat
  const subscribe = useCallback(
    (changed) => {
      if (!name) return () => {}
      const { chat } = acquire(gateway, name)
      chat.on("*", changed)
      return () => {
        chat.off("*", changed)
        release(gateway, name)
      }
    },
    [gateway, name]
  )
  const members = useSyncExternalStore(subscribe, () => find()?.members ?? NO_MEMBERS, () => NO_MEMBERS)
  return { count: members.size, me: (members !== NO_MEMBERS && find()?.me) || null, members }
}

/** Returns the gateway's {state, transport, reason, upstream}: a new object if one of them changed. */
export function useConnection() {
  const gateway = useGateway()
  const subscribe = useCallback(
    (changed) => {
      gateway.on("state", changed)
      return () => gateway.off("state", changed)
    },
    [gateway]
  )
  const text = useSyncExternalStore(subscribe, () => view(gateway), () => NO_ANSWER)
  return useMemo(() => JSON.parse(text), [text])
}

/** The state of a gateway as a string, because two readings of the same state must be equal. */
function view({ state, transport, reason, upstream }) {
  return JSON.stringify({ state, transport, reason, upstream })
}
