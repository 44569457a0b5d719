// SPDX-License-Identifier: MIT
// The messages of a chat: the application's own records, and the way to send one.

import { NextResponse } from "next/server"
import { channelOf } from "@/lib/channels"
import { pusherServer } from "@/lib/pusher-server"
import { mayRead, messagesOf, store } from "@/lib/records"
import { currentUser, type User } from "@/lib/session"

export const runtime = "nodejs"
export const dynamic = "force-dynamic"

interface Context {
  params: Promise<{ bailId: string }>
}

/** Calls `answer` if the user may read the chat. */
async function authorized(context: Context, answer: (user: User, bailId: string) => Promise<Response>): Promise<Response> {
  const { bailId } = await context.params
  const user = await currentUser()
  if (!user) return new Response(null, { status: 401 })
  if (!mayRead(user.id, bailId)) return new Response(null, { status: 403 })
  return answer(user, bailId)
}

export async function GET(request: Request, context: Context): Promise<Response> {
  return authorized(context, async (user, bailId) => NextResponse.json(messagesOf(bailId), { headers: { "Cache-Control": "no-store" } }))
}

export async function POST(request: Request, context: Context): Promise<Response> {
  return authorized(context, async (user, bailId) => {
    const body: unknown = await request.json().catch(() => null)
    const { id, content } = (body ?? {}) as { id?: unknown; content?: unknown }
    if (typeof id !== "string" || !/^[\w-]{8,64}$/.test(id) || typeof content !== "string" || !content || content.length > 2000) {
      return NextResponse.json({ error: "id and content are required" }, { status: 400 })
    }
    const message = { id, content, sender: { id: user.id, name: user.name }, createdAt: new Date().toISOString() }
    store(bailId, message)
    // Awaited: what runs after the response may be cut off on a serverless platform.
    await pusherServer().trigger(channelOf(bailId), "new-message", { message })
    return NextResponse.json(message, { status: 201 })
  })
}
