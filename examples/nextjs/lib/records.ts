// SPDX-License-Identifier: MIT
// The application's own records of the chats. Replace this by your database.

import type { Message } from "@/lib/chat"

interface Bail {
  parties: string[]
  messages: Message[]
}

const bails = new Map<string, Bail>([["42", { parties: ["usr_notary_01", "usr_tenant_07"], messages: [] }]])

export function mayRead(userId: string, bailId: string): boolean {
  return bails.get(bailId)?.parties.includes(userId) ?? false
}

export function messagesOf(bailId: string): Message[] {
  return bails.get(bailId)?.messages ?? []
}

/** Stores a message; the same id twice is one message. */
export function store(bailId: string, message: Message): void {
  const messages = messagesOf(bailId)
  if (!messages.some(({ id }) => id === message.id)) messages.push(message)
}
