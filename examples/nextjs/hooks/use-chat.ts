// SPDX-License-Identifier: MIT
"use client"

import { useCallback, useEffect, useReducer } from "react"
import { useChannel, useConnection, useMembers } from "passerelle/react"
import { channelOf } from "@/lib/channels"
import { chatReducer, initialChat, type Message } from "@/lib/chat"
import { oneAtATime, registerReader } from "@/lib/gateway"
import { useTypists } from "@/hooks/use-typists"

/** How long the application may take to store a message, in milliseconds. */
const POST_LIMIT = 10_000

/** The chat of a bail. Give the component that uses it `key={bailId}`. */
export function useChat(bailId: string, records: Message[]) {
  const channel = channelOf(bailId)
  const url = `/api/bails/${encodeURIComponent(bailId)}/messages`
  const [chat, dispatch] = useReducer(chatReducer, records, initialChat)
  const [typists, setTypist] = useTypists()

  const send = useChannel(channel, {
    "new-message": ({ message }: { message: Message }) => {
      setTypist(message.sender.id, false)
      dispatch({ type: "arrived", message })
    },
    "message-deleted": ({ messageId }: { messageId: string }) => dispatch({ type: "deleted", id: messageId }),
    "client-typing": ({ userId, isTyping }: { userId: string; isTyping: boolean }) => setTypist(userId, isTyping),
  })

  // Reads the records once now, because another component may have subscribed the channel earlier, and then
  // whenever the gateway reports that events may be missing.
  useEffect(() => {
    const controller = new AbortController()
    const read = oneAtATime(async () => {
      if (controller.signal.aborted) return
      dispatch({ type: "reading" })
      try {
        const answer = await fetch(url, { cache: "no-store", signal: controller.signal })
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
        dispatch({ type: "read", records: (await answer.json()) as Message[] })
      } catch (error) {
        dispatch({ type: "failed" })
        if (!controller.signal.aborted) throw error
      }
    })
    const end = registerReader(channel, read)
    read().catch(() => {})
    return () => {
      end()
      controller.abort()
    }
  }, [channel, url])

  /** Stores a message. Repeat a failed call with the same id: the same id is one message. */
  const post = useCallback(
    async (id: string, content: string): Promise<void> => {
      const controller = new AbortController()
      const timer = setTimeout(() => controller.abort(), POST_LIMIT)
      try {
        const answer = await fetch(url, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ id, content }),
          signal: controller.signal,
        })
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
        dispatch({ type: "arrived", message: (await answer.json()) as Message })
      } finally {
        clearTimeout(timer)
      }
    },
    [url]
  )

  /** Tells the others. A typing state that is lost does no harm. */
  const setTyping = useCallback((isTyping: boolean) => void send("client-typing", { isTyping }).catch(() => {}), [send])

  return { messages: chat.messages, typists, members: useMembers(channel), connection: useConnection(), post, setTyping }
}
