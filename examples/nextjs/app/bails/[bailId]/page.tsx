// SPDX-License-Identifier: MIT

import { notFound } from "next/navigation"
import { Chat } from "@/components/chat"
import { mayRead, messagesOf } from "@/lib/records"
import { currentUser } from "@/lib/session"

export const dynamic = "force-dynamic"

export default async function BailPage({ params }: { params: Promise<{ bailId: string }> }) {
  const { bailId } = await params
  const user = await currentUser()
  if (!user || !mayRead(user.id, bailId)) notFound()
  return (
    <main>
      <h1>Bail {bailId}</h1>
      <Chat key={bailId} bailId={bailId} records={messagesOf(bailId)} />
    </main>
  )
}
