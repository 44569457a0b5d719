// SPDX-License-Identifier: MIT
// A chat as a value: what a page shows, after each thing that happens. It needs no React and no network.

export interface Message {
  id: string
  content: string
  sender: { id: string; name: string }
  createdAt: string
}

export interface Chat {
  messages: Message[]
  /** Ids of deleted messages, which must not return with records that were read earlier. */
  deleted: ReadonlySet<string>
  /** Messages that have arrived while the records are being read; null if they are not. */
  arrived: Message[] | null
}

export type ChatAction =
  | { type: "arrived"; message: Message }
  | { type: "deleted"; id: string }
  | { type: "reading" }
  | { type: "read"; records: Message[] }
  | { type: "failed" }

export function initialChat(messages: Message[]): Chat {
  return { messages, deleted: new Set(), arrived: null }
}

/** Keeps the first message of each id, and none that is deleted. */
function distinct(messages: Message[], deleted: ReadonlySet<string>): Message[] {
  const byId = new Map<string, Message>()
  for (const message of messages) {
    if (!byId.has(message.id) && !deleted.has(message.id)) byId.set(message.id, message)
  }
  return [...byId.values()]
}

export function chatReducer(chat: Chat, action: ChatAction): Chat {
  switch (action.type) {
    case "arrived": {
      const { message } = action
      const messages = distinct([...chat.messages, message], chat.deleted)
      return { ...chat, messages, arrived: chat.arrived && [...chat.arrived, message] }
    }
    case "deleted": {
      const deleted = new Set(chat.deleted).add(action.id)
      return { ...chat, deleted, messages: distinct(chat.messages, deleted) }
    }
    case "reading":
      return { ...chat, arrived: chat.arrived ?? [] }
    case "read":
      // The records may be older than the messages that arrived while they were read.
      return { ...chat, messages: distinct([...action.records, ...(chat.arrived ?? [])], chat.deleted), arrived: null }
    case "failed":
      return { ...chat, arrived: null }
  }
}
