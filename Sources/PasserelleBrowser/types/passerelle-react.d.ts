// SPDX-License-Identifier: MIT
// Types of `passerelle-react.js`: hooks for React 18 and later.

import type { FunctionComponent, ReactNode } from "react"
import type { Gateway, Listener, State, SubscribeOptions, Transport, Upstream } from "./passerelle.js"

/** Gives a gateway, which `connect` made, to the hooks of its children. */
export const GatewayProvider: FunctionComponent<{ gateway: Gateway; children?: ReactNode }>

/**
 * Returns the gateway of the nearest `GatewayProvider`.
 * @throws TypeError if there is none
 */
export function useGateway(): Gateway

/**
 * Calls `listeners[event](data, event)` for the events of a channel while the component is mounted; `*` hears every
 * event. The listeners of the last rendering count. Several components share one subscription, which ends a second
 * after the last of them.
 * @param name the channel; without one nothing is subscribed
 * @param options of the subscription, which count for its first user only
 * @returns `send(event, data)` of the channel
 */
export function useChannel(
  name: string | null | undefined,
  listeners?: Readonly<Record<string, Listener | null | false | undefined>>,
  options?: SubscribeOptions
): (event: string, data?: object) => Promise<void>

export interface MembersView<Info = any> {
  readonly count: number
  /** The reader's own `user_id`. */
  readonly me: string | null
  /** `user_id` to `user_info`; a new Map after each change. */
  readonly members: ReadonlyMap<string, Info>
}

/** Returns the members of a presence channel; none during server-side rendering. */
export function useMembers<Info = any>(name: string | null | undefined): MembersView<Info>

export interface ConnectionView {
  readonly state: State
  readonly transport: Transport
  readonly reason?: string
  readonly upstream: Upstream
}

/** Returns the state of the gateway; `connecting` during server-side rendering. */
export function useConnection(): ConnectionView
