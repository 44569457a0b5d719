// SPDX-License-Identifier: MIT
// Types of `passerelle.js`, the browser module of the Passerelle gateway.

/** The object that the gateway delivers for each event, on every transport. */
export interface GatewayEvent<Data = any> {
  /** The event's position. Opaque: compare it for equality only. */
  readonly id: string
  /** The arrival at the gateway, UTC, in milliseconds (`2026-03-02T09:01:10.412Z`). */
  readonly time: string
  readonly channel: string
  readonly event: string
  readonly data: Data
  /** The sender's id; present only if Channels sent one. */
  readonly user_id?: string
}

/**
 * - `connecting`: no answer yet, or the connection was lost and the first attempt is running
 * - `live`: events arrive
 * - `waiting`: an attempt failed; the next one follows by itself
 * - `denied`: the gateway refuses this user. It is asked again when the page subscribes to a channel, becomes
 *   visible, or comes online
 * - `closed`: `close()` was called
 */
export type State = "connecting" | "live" | "waiting" | "denied" | "closed"

/** How events arrive: a stream, polls that the gateway holds until there is news, or polls at an interval. */
export type Transport = "stream" | "longpoll" | "poll"

/** The gateway's own connection to Channels. While it is `away`, the page is connected but hears nothing new. */
export type Upstream = "connected" | "away"

export interface StateChange {
  readonly state: State
  readonly transport: Transport
  /**
   * Why `state` is what it is; absent if there is nothing to tell. The gateway's `error` or `reason` word
   * (`too-many-streams`, `upstream-unavailable`, `revoked`, …), or one of the module's own:
   * `network` (no answer), `timeout` (no byte in time), `cut` (the connection ended), `foreign` (the answer is
   * not the gateway's), `stale` (an old answer from a cache), `token` (`token()` failed).
   */
  readonly reason?: string | undefined
  readonly upstream: Upstream
}

/** What `sync` is told. */
export interface SyncCause {
  /** `subscribe` at the first subscription, `overflow` if too many events waited for an earlier call; otherwise
   * the reason of the gap: `upstream`, `idle`, `restart`, `evicted`, `unknown-position`, `sequence`, or a new one. */
  readonly reason: string
  /** The time after which events may be missing (UTC), if known. */
  readonly since?: string
  /** The time before which events may be missing (UTC), if known. */
  readonly until?: string
  /** The position of the gap. Events behind it are delivered when the call has succeeded. */
  readonly position: string | null
}

export interface ConnectOptions {
  /** The gateway's URL, or the path under which a proxy serves it. Default `/`. May be of another origin. */
  url?: string
  /**
   * Returns the access token. It is called before the first request, and again if the gateway refuses the token
   * or the token expires.
   */
  token?: () => string | null | undefined | Promise<string | null | undefined>
  /** More headers for each request, such as `X-CSRF-Token`. For another origin the gateway must allow them. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>
  /** The reader's id, only for a gateway with `PASSERELLE_AUTH=none`. */
  user?: string
  /**
   * Reloads the page's own records of a channel. It is called at the first subscription and on each gap, one call
   * at a time. Events of the channel wait until it succeeds and then follow in order; some of them may be
   * part of what it loaded. If it fails, or takes more than 30 s, it is called again.
   */
  sync?: (channel: string, cause: SyncCause) => unknown
  /**
   * One connection for all tabs of this origin; default `true`. Use `false` if tabs have different users.
   * Needs Web Locks (https) and BroadcastChannel; without them each tab has its own connection.
   */
  tabs?: boolean
}

/**
 * Makes a gateway object. It sends nothing until the first `subscribe`, so it may be called during server-side
 * rendering.
 * @throws TypeError that names the invalid option
 */
export function connect(options?: ConnectOptions): Gateway

export interface Gateway {
  readonly state: State
  readonly transport: Transport
  readonly reason: string | undefined
  readonly upstream: Upstream
  /**
   * The place up to which listeners have received all events; `null` before the first answer. Keep it
   * (`sessionStorage`) and give it to `subscribe` as `after`, to continue after a reload.
   */
  readonly position: string | null
  /**
   * Subscribes to a channel. The same name gives the same object; each call needs its own `unsubscribe`.
   * Options count for the first call only. At most 100 channels.
   * @throws TypeError that names the invalid argument, or if the gateway is closed
   */
  subscribe(channel: string, options?: SubscribeOptions): Channel
  /** Calls the listener when one of the values of `StateChange` changes. */
  on(name: "state", listener: (change: StateChange) => void): this
  off(name: "state", listener: (change: StateChange) => void): this
  /** Ends everything; the object cannot be used again. */
  close(): void
}

export interface SubscribeOptions {
  /** Begin behind this position; `earliest`: with everything in the gateway's log. Default: now. */
  after?: string
  /** Without `after`: begin with the last N events of the application, at most 1000. */
  last?: number
}

export type Listener<Data = any> = (data: Data, event: GatewayEvent<Data>) => void

export interface Channel {
  readonly name: string
  /** The members: `user_id` to `user_info`. Each change makes a new Map. Empty until the first snapshot. */
  readonly members: ReadonlyMap<string, any>
  /** The reader's own `user_id`; `null` if it is anonymous, or before the first snapshot. */
  readonly me: string | null
  /** True from a gap until `sync` has succeeded: the page's records may be incomplete. */
  readonly stale: boolean
  /**
   * Adds a listener. `*` receives every name. Besides the application's events there are
   * - `pusher:subscription_succeeded` (`SnapshotData`): the members, after each new connection
   * - `pusher:member_added`, `pusher:member_removed` (`{user_id, user_info}`, `{user_id}`)
   * - `pusher:subscription_error` (`{status, message}`): Channels or the gateway refuses the channel
   * - `passerelle:gap` (`GapData`): events may be missing; reload the page's own records (or use `sync`)
   */
  on<Data = any>(event: string, listener: Listener<Data>): this
  /** Removes a listener; without `listener` all of that name. */
  off<Data = any>(event: string, listener?: Listener<Data>): this
  /**
   * Sends a client event. Nothing is queued or repeated.
   * @returns a promise that is rejected with `SendBlocked` if the gateway did not accept the event within 10 s
   * @throws TypeError that names the invalid argument
   */
  send(event: string, data?: object): Promise<void>
  /** Takes back one `subscribe`. The last one ends the subscription and removes all listeners. */
  unsubscribe(): void
}

export interface SnapshotData {
  readonly presence?: {
    readonly count: number
    readonly ids: readonly string[]
    readonly hash: Readonly<Record<string, any>>
  }
  readonly me?: string
}

export interface GapData {
  readonly reason: string
  readonly since?: string
  readonly until?: string
  readonly from?: string
  readonly certain?: true
}

/** The gateway did not accept an event. Receiving is not affected. */
export class SendBlocked extends Error {
  readonly name: "SendBlocked"
  /** `timeout` (no answer within 10 s), `network`, `foreign` (the answer is not the gateway's), `token`,
   * or the gateway's `error` word (`rate-limited`, `forbidden`, …). */
  readonly reason: string
  /** The status of the answer; 0 if there was none. */
  readonly status: number
}

/** A client of pusher-js 7 or 8, as far as `rescue` uses it. */
export interface PusherLike {
  readonly connection: { state: string }
  channel(name: string): any
  allChannels(): any[]
  subscribe(name: string): any
  unsubscribe(name: string): void
}

/** As for `connect`. `sync` is called on gaps only, not at a first subscription. */
export interface RescueOptions extends ConnectOptions {}

export interface Rescue {
  /** Ends it, and restores the pusher-js client. */
  (): void
  /**
   * True while the gateway supplies the channels. `pusher.connection.state` remains pusher-js's own state: it is
   * `unavailable`, for example, while events arrive from the gateway.
   */
  readonly active: boolean
}

/**
 * Supplies the channels of an existing pusher-js client while that client is unavailable, failed, unstable or blocked, and
 * with the events that it missed when it returns. The rest of the page is unchanged. Gaps are emitted as
 * `passerelle:gap` (`GapData`) on the channel.
 * @throws TypeError that names the invalid argument
 */
export function rescue(pusher: PusherLike, options?: RescueOptions): Rescue
