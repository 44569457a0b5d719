// SPDX-License-Identifier: MIT
// The auth route of Channels. pusher-js calls it, and so does the gateway, with the reader's own cookies.

import { NextResponse } from "next/server"
import { bailOf } from "@/lib/channels"
import { pusherServer } from "@/lib/pusher-server"
import { mayRead } from "@/lib/records"
import { currentUser } from "@/lib/session"

export const runtime = "nodejs"
export const dynamic = "force-dynamic"

function refuse(status: number, error: string): Response {
  return NextResponse.json({ error }, { status })
}

export async function POST(request: Request): Promise<Response> {
  // Channels clients send a form, not JSON.
  const form = await request.formData().catch(() => null)
  const socketId = form?.get("socket_id")
  const channel = form?.get("channel_name")
  if (typeof socketId !== "string" || !/^\d+\.\d+$/.test(socketId) || typeof channel !== "string") {
    return refuse(400, "socket_id and channel_name are required, as a form")
  }
  const user = await currentUser()
  if (!user) return refuse(401, "sign in")
  const bailId = bailOf(channel)
  if (!bailId || !mayRead(user.id, bailId)) return refuse(403, "not a party of this bail")
  const member = { user_id: user.id, user_info: { name: user.name, role: user.role } }
  return NextResponse.json(pusherServer().authorizeChannel(socketId, channel, member))
}
