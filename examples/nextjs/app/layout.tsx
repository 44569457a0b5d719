// SPDX-License-Identifier: MIT

import type { Metadata } from "next"
import type { ReactNode } from "react"
import { RealtimeProvider } from "@/components/realtime-provider"

export const metadata: Metadata = { title: "Bails" }

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <RealtimeProvider>{children}</RealtimeProvider>
      </body>
    </html>
  )
}
