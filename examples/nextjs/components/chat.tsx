// SPDX-License-Identifier: MIT
"use client"

import { useState, type FormEvent } from "react"
import type { ConnectionView } from "passerelle/react"
import { useChat } from "@/hooks/use-chat"
import type { Message } from "@/lib/chat"

/** What a user reads about the connection. */
function describe({ state, upstream }: ConnectionView): string {
  if (state === "denied") return "Your session has ended. Sign in again."
  if (state !== "live") return "Connecting…"
  return upstream === "away" ? "Messages may arrive late." : "Live"
}

export function Chat({ bailId, records }: { bailId: string; records: Message[] }) {
  const { messages, typists, members, connection, post, setTyping } = useChat(bailId, records)
  const [draft, setDraft] = useState({ id: "", text: "" })
  const [sending, setSending] = useState<"no" | "yes" | "failed">("no")

  function write(text: string) {
    setDraft({ id: "", text })
    setTyping(text !== "")
  }

  async function submit(event: FormEvent) {
    event.preventDefault()
    if (!draft.text.trim() || sending === "yes") return
    // A text keeps its id until it is stored, so that a repeated attempt is the same message.
    const id = draft.id || crypto.randomUUID()
    setDraft({ ...draft, id })
    setSending("yes")
    try {
      await post(id, draft.text)
      setDraft({ id: "", text: "" })
      setSending("no")
    } catch {
      setSending("failed")
    }
  }

  return (
    <section aria-label="Chat">
      <p role="status">
        {describe(connection)} {members.count > 1 ? `${members.count} people are here.` : ""}
      </p>
      <ol aria-live="polite">
        {messages.map((message) => (
          <li key={message.id}>
            <strong>{message.sender.name}</strong> {message.content}
          </li>
        ))}
      </ol>
      <p>{typists.map((id) => `${members.members.get(id)?.name ?? id} is typing…`).join(" ")}</p>
      <form onSubmit={submit}>
        <label>
          Message{" "}
          <input
            value={draft.text}
            maxLength={2000}
            readOnly={sending === "yes"}
            onChange={(event) => write(event.target.value)}
            onBlur={() => setTyping(false)}
          />
        </label>
        <button>Send</button>
        {sending === "failed" && <p role="alert">The message was not sent. Try again.</p>}
      </form>
    </section>
  )
}
