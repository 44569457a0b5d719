// SPDX-License-Identifier: MIT
// Types of `passerelle-pusher.js`: the API of pusher-js over the Passerelle gateway.

import type { ConnectOptions, GatewayEvent } from "./passerelle.js"

/** What a listener receives besides the data. */
export interface Metadata {
  /** The sender of a client event on a presence channel. */
  user_id?: string
}

/** Receives the data, and for events of a channel the metadata. */
export type EventListener = (data?: any, metadata?: Metadata) => void
export type GlobalListener = (event: string, data?: any) => void

export interface Dispatcher {
  /** @throws TypeError if `callback` is no function */
  bind(event: string, callback: EventListener, context?: any): this
  /** Removes the listeners that match every argument given. Without arguments: all but the global ones. */
  unbind(event?: string | null, callback?: EventListener | null, context?: any): this
  /** Adds a listener of every event. */
  bind_global(callback: GlobalListener): this
  unbind_global(callback?: GlobalListener): this
  unbind_all(): this
  emit(event: string, data?: any, metadata?: Metadata): this
}

export interface Channel extends Dispatcher {
  readonly name: string
  readonly pusher: Pusher
  readonly subscribed: boolean
  readonly subscriptionPending: boolean
  readonly subscriptionCancelled: boolean
  readonly subscriptionCount?: number
  /**
   * Sends a client event. Returns false if the client is not connected. If it is lost later, the connection emits
   * `error` with the type `SendBlocked`; if `data` is no object, with the type `TypeError`.
   * @throws BadEventName if the name does not begin with `client-`
   */
  trigger(event: string, data?: object): boolean
  /** Always succeeds: the gateway admits the reader. */
  authorize(socketId: string | null, callback: (error: null, data: { auth: string }) => void): void
  subscribe(): void
  unsubscribe(): void
  disconnect(): void
}

export interface Member<Info = any> {
  id: string
  info: Info
}

export interface Members<Info = any> {
  /** `user_info` by `user_id`. */
  readonly members: Record<string, Info>
  readonly count: number
  /** The reader's own id; null before the first list, and for an anonymous reader. */
  readonly myID: string | null
  readonly me: Member<Info> | null
  get(id: string): Member<Info> | null
  each(callback: (member: Member<Info>) => void): void
}

export interface PresenceChannel extends Channel {
  /** One object for the channel's lifetime; empty until `pusher:subscription_succeeded`. */
  readonly members: Members
}

export type ConnectionState = "initialized" | "connecting" | "connected" | "unavailable" | "disconnected"

/**
 * Emits `state_change` (`{previous, current}`), then the new state's name; `error` (`{type, error}`, of type
 * `AuthError`, `SendBlocked` or `TypeError`); and `message` (`GatewayEvent`) for each event.
 *
 * `unavailable`: no connection for `unavailableTimeout`, or the gateway has lost Channels. `disconnected`:
 * `disconnect()` was called, or the gateway refuses the reader; `connect()` asks again.
 */
export interface Connection extends Dispatcher {
  readonly state: ConnectionState
  /** Always null: a reader of the gateway has no socket at Channels, so servers cannot exclude it. */
  readonly socket_id: null
  connect(): void
  disconnect(): void
}

export interface User extends Dispatcher {
  readonly user_data: null
  /** Emits nothing. */
  readonly watchlist: Dispatcher
  /** Not supported: emits `pusher:signin_error` (`{type: "NotSupported", error}`). */
  signin(): void
}

/** The options of pusher-js, and those of `connect`; `gateway` stands for its `url`. */
export interface Options extends Omit<ConnectOptions, "url"> {
  /** The gateway's URL. Default `/`. */
  gateway?: string
  /**
   * Returns the application's own id of an event, or nothing. An event with an id and a name that its channel has had
   * among the last 512 is dropped. Example: `(event) => event.data.message?.id`.
   */
  dedupe?: (event: GatewayEvent) => unknown
  /** Returns the data of an event of a `private-encrypted-` channel, whose own `data` is `{nonce, ciphertext}`. */
  decrypt?: (event: GatewayEvent) => unknown
  /** In milliseconds; default 10000. */
  unavailableTimeout?: number
  /** Its `headers` are sent with each request. */
  auth?: { params?: any; headers?: Record<string, string> }
  /** Its `headers` and those of `headersProvider` are sent with each request. `customHandler` is not called. */
  channelAuthorization?: {
    endpoint?: string
    transport?: string
    params?: any
    headers?: Record<string, string>
    paramsProvider?: () => any
    headersProvider?: () => Record<string, string>
    customHandler?: (...values: any[]) => void
  }
  /** Not called; a warning on the console. */
  authorizer?: (...values: any[]) => any
  /** No effect, since the gateway decides how long its streams may be silent; a warning on the console. */
  activityTimeout?: number
  /** No effect; a warning on the console. */
  pongTimeout?: number

  // Accepted without an effect.
  authEndpoint?: string
  authTransport?: string
  cluster?: string
  disableStats?: boolean
  disabledTransports?: string[]
  enableStats?: boolean
  enabledTransports?: string[]
  forceTLS?: boolean
  httpHost?: string
  httpPath?: string
  httpPort?: number
  httpsPort?: number
  ignoreNullOrigin?: boolean
  nacl?: any
  statsHost?: string
  timelineParams?: any
  userAuthentication?: any
  wsHost?: string
  wsPath?: string
  wsPort?: number
  wssPort?: number
}

/** Thrown by `trigger`. */
export class BadEventName extends TypeError {
  name: "BadEventName"
}

export default class Pusher implements Dispatcher {
  static readonly instances: Pusher[]
  static isReady: boolean
  static logToConsole: boolean
  static log?: (message: any) => void
  static readonly Runtime: {}
  static readonly ScriptReceivers: {}
  static readonly DependenciesReceivers: {}
  static readonly auth_callbacks: {}
  /** Connects all clients. */
  static ready(): void

  readonly key: string
  readonly options: Options
  readonly channels: { readonly channels: Record<string, Channel> }
  readonly connection: Connection
  readonly user: User

  /**
   * Connects at once. It sends nothing until the first `subscribe`.
   * @throws TypeError that names the invalid argument
   */
  constructor(key: string, options?: Options)

  channel(name: `presence-${string}`): PresenceChannel | undefined
  channel(name: string): Channel | undefined
  allChannels(): Channel[]
  /** @throws TypeError that names the invalid argument */
  subscribe(name: `presence-${string}`): PresenceChannel
  subscribe(name: string): Channel
  unsubscribe(name: string): void
  subscribeAll(): void
  connect(): void
  disconnect(): void
  send_event(event: string, data: object, channel: string): boolean
  signin(): void
  switchCluster(options: { appKey: string; cluster: string }): void
  shouldUseTLS(): boolean

  bind(event: string, callback: EventListener, context?: any): this
  unbind(event?: string | null, callback?: EventListener | null, context?: any): this
  bind_global(callback: GlobalListener): this
  unbind_global(callback?: GlobalListener): this
  unbind_all(): this
  emit(event: string, data?: any, metadata?: Metadata): this
}
