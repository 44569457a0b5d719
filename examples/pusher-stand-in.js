// SPDX-License-Identifier: MIT
// A stand-in for pusher-js with the same dispatcher and the same names, for machines without the real
// library: a WebSocket to a Channels server, presence channels, and reconnection. It has one
// transport, and no sign-in, encryption or statistics. With the option `lives`, it gives up for good after so many
// broken connections, as pusher-js until 8.0 does after two.

class Dispatcher {
  constructor() {
    this.named = new Map()
    this.global = []
  }

  bind(name, callback, context) {
    this.named.set(name, [...(this.named.get(name) ?? []), { callback, context }])
    return this
  }

  bind_global(callback) {
    this.global.push(callback)
    return this
  }

  unbind(name, callback, context) {
    for (const each of name === undefined ? [...this.named.keys()] : [name]) {
      this.named.set(each, (this.named.get(each) ?? []).filter((entry) =>
        (callback && callback !== entry.callback) || (context && context !== entry.context)))
    }
    return this
  }

  unbind_global(callback) {
    this.global = callback ? this.global.filter((each) => each !== callback) : []
    return this
  }

  unbind_all() {
    this.unbind()
    return this.unbind_global()
  }

  emit(name, data, metadata) {
    for (const callback of [...this.global]) callback(name, data)
    for (const { callback, context } of [...(this.named.get(name) ?? [])]) {
      if (metadata) callback.call(context ?? globalThis, data, metadata)
      else if (data) callback.call(context ?? globalThis, data)
      else callback.call(context ?? globalThis)
    }
    return this
  }
}

class Members {
  constructor() { this.reset() }

  reset() {
    this.members = {}
    this.count = 0
    this.myID = null
    this.me = null
  }

  get(id) {
    return Object.hasOwn(this.members, id) ? { id, info: this.members[id] } : null
  }

  each(callback) {
    for (const id of Object.keys(this.members)) callback(this.get(id))
  }

  onSubscription({ presence }) {
    this.members = presence.hash
    this.count = presence.count
    this.me = this.get(this.myID)
  }

  setMyID(id) { this.myID = id }

  addMember({ user_id, user_info }) {
    if (this.get(user_id) === null) this.count++
    this.members[user_id] = user_info
    return this.get(user_id)
  }

  removeMember({ user_id }) {
    const member = this.get(user_id)
    if (member) {
      delete this.members[user_id]
      this.count--
    }
    return member
  }
}

class Channel extends Dispatcher {
  constructor(name, pusher) {
    super()
    Object.assign(this, {
      name, pusher, subscribed: false, subscriptionPending: false, subscriptionCancelled: false,
      members: new Members(),
    })
  }

  trigger(name, data) {
    if (!name.startsWith("client-")) throw new Error(`${name} is no client event`)
    return this.pusher.send_event(name, data, this.name)
  }

  disconnect() {
    this.members.reset()
    this.subscribed = false
    this.subscriptionPending = false
  }

  subscribe() {
    if (this.subscribed || this.subscriptionPending) return
    this.subscriptionPending = true
    const { socket_id: socketId } = this.pusher.connection
    this.pusher.config.channelAuthorizer({ channelName: this.name, socketId }, (error, answer) => {
      if (error) {
        this.subscriptionPending = false
        this.emit("pusher:subscription_error", { type: "AuthError", error: error.message, status: error.status })
        return
      }
      const { auth, channel_data } = answer
      this.members.setMyID(JSON.parse(channel_data).user_id)
      this.pusher.send_event("pusher:subscribe", { auth, channel_data, channel: this.name })
    })
  }

  handleEvent({ event, data, user_id }) {
    const handler = {
      "pusher_internal:subscription_succeeded": () => {
        this.subscriptionPending = false
        this.subscribed = true
        this.members.onSubscription(data)
        this.emit("pusher:subscription_succeeded", this.members)
      },
      "pusher_internal:member_added": () => this.emit("pusher:member_added", this.members.addMember(data)),
      "pusher_internal:member_removed": () => {
        const member = this.members.removeMember(data)
        if (member) this.emit("pusher:member_removed", member)
      },
    }[event]
    if (handler) handler()
    else if (!event.startsWith("pusher_internal:")) this.emit(event, data, user_id ? { user_id } : {})
  }
}

class Connection extends Dispatcher {
  constructor(options) {
    super()
    const path = `/app/${options.key}?protocol=7&client=stand-in&version=1.0.0`
    this.url = `ws://${options.wsHost}:${options.wsPort}${path}`
    this.state = "initialized"
    this.socket_id = undefined
    this.allowed = options.lives ?? Infinity
    this.updateStrategy()
  }

  updateStrategy() { this.lives = this.allowed }

  become(state, data) {
    const previous = this.state
    if (previous === state) return
    this.state = state
    this.emit("state_change", { previous, current: state })
    this.emit(state, data)
  }

  connect() {
    if (this.socket) return
    if (this.lives <= 0) return this.become("failed")
    if (this.state !== "unavailable") this.become("connecting")
    this.unavailable ??= setTimeout(() => this.become("unavailable"), 10_000)
    const socket = this.socket = new WebSocket(this.url)
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data))
    socket.onclose = () => {
      if (this.socket !== socket) return
      this.socket = null
      if (this.state === "connected") this.lives--
      if (this.state === "connected" && this.lives > 0) this.become("connecting")
      this.retry = setTimeout(() => this.connect(), 1000)
    }
  }

  disconnect() {
    const { socket } = this
    this.socket = null
    clearTimeout(this.retry)
    socket?.close()
    this.become("disconnected")
  }

  receive(message) {
    const data = typeof message.data === "string" ? parsed(message.data) : message.data
    if (message.event === "pusher:connection_established") {
      clearTimeout(this.unavailable)
      this.unavailable = undefined
      this.socket_id = data.socket_id
      this.become("connected", { socket_id: data.socket_id })
    } else if (message.event === "pusher:ping") {
      this.send({ event: "pusher:pong", data: {} })
    } else if (message.event === "pusher:error") {
      this.emit("error", { type: "PusherError", data })
    } else {
      this.emit("message", { ...message, data })
    }
  }

  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }
}

const authorizer = ({ endpoint }) => async ({ channelName, socketId }, callback) => {
  const body = new URLSearchParams({ socket_id: socketId, channel_name: channelName })
  const answer = await fetch(endpoint, { method: "POST", body }).catch(() => null)
  if (answer?.ok) callback(null, await answer.json())
  else callback(Object.assign(new Error("refused"), { status: answer?.status }), null)
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

class Pusher {
  constructor(key, options) {
    this.key = key
    this.config = { ...options, channelAuthorizer: authorizer(options.channelAuthorization) }
    this.global_emitter = new Dispatcher()
    this.channels = { channels: {}, disconnect: () => this.allChannels().forEach((channel) => channel.disconnect()) }
    this.connection = new Connection({ key, ...options })
    for (const state of ["connecting", "disconnected"]) this.connection.bind(state, () => this.channels.disconnect())
    this.connection.bind("connected", () => this.allChannels().forEach((channel) => channel.subscribe()))
    this.connection.bind("message", (message) => {
      if (message.channel) this.channel(message.channel)?.handleEvent(message)
      if (!message.event.startsWith("pusher_internal:")) this.global_emitter.emit(message.event, message.data)
    })
    this.connect()
  }

  channel(name) { return this.channels.channels[name] }

  allChannels() { return Object.values(this.channels.channels) }

  connect() { this.connection.connect() }

  disconnect() { this.connection.disconnect() }

  subscribe(name) {
    const channel = this.channels.channels[name] ??= new Channel(name, this)
    if (this.connection.state === "connected") channel.subscribe()
    return channel
  }

  unsubscribe(name) {
    const channel = this.channel(name)
    delete this.channels.channels[name]
    if (channel?.subscribed) this.send_event("pusher:unsubscribe", { channel: name })
  }

  send_event(event, data, channel) { return this.connection.send({ event, data, channel }) }

  bind(name, callback, context) {
    this.global_emitter.bind(name, callback, context)
    return this
  }

  unbind(name, callback, context) {
    this.global_emitter.unbind(name, callback, context)
    return this
  }

  bind_global(callback) {
    this.global_emitter.bind_global(callback)
    return this
  }

  unbind_global(callback) {
    this.global_emitter.unbind_global(callback)
    return this
  }
}

globalThis.Pusher = Pusher
