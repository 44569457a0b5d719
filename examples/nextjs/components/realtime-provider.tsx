// SPDX-License-Identifier: MIT
"use client"

import type { ReactNode } from "react"
import { GatewayProvider } from "passerelle/react"
import { gateway } from "@/lib/gateway"

export function RealtimeProvider({ children }: { children: ReactNode }) {
  return <GatewayProvider gateway={gateway}>{children}</GatewayProvider>
}
