// SPDX-License-Identifier: MIT
// A sandbox, a gateway in front of it, and a TCP link between pusher-js and the sandbox that a test can break.

import { spawn } from "node:child_process"
import { createHmac } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Ends a test that hangs; a machine ten times slower passes. In milliseconds. */
export const hangLimit = 300000

/**
 * A free port outside the range that the kernel assigns to connections, so that it is still free when a killed process is
 * started again on it.
 */
export const freePort = () => new Promise((resolve, reject) => {
  const attempt = (left) => {
    const port = 15000 + Math.floor(Math.random() * 17000)
    const server = net.createServer().listen(port, "127.0.0.1", () => server.close(() => resolve(port)))
    server.on("error", (error) => left ? attempt(left - 1) : reject(error))
  }
  attempt(200)
})

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `condition()` is true; its failure says what did not happen. */
export const until = async (condition, what = String(condition)) => {
  for (const end = Date.now() + hangLimit; !await condition(); await pause(20))
    if (Date.now() > end) throw new Error("did not happen: " + what)
}

const answers = async (url) => {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** A TCP link to `port` that can be broken. */
export class Link {
  #sockets = new Set()
  /** `through`; `refused`: connections end at once; `short`: they end after `life` ms; `silent`: nothing passes. */
  mode = "through"
  life = 200
  opened = 0

  constructor(port) {
    this.server = net.createServer((client) => this.#accept(client, port))
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve))
    this.port = this.server.address().port
    return this
  }

  #accept(client, port) {
    client.on("error", () => {})
    if (this.mode === "refused") return client.destroy()
    this.opened++
    const server = net.connect(port, "127.0.0.1")
    server.on("error", () => client.destroy())
    for (const [from, to] of [[client, server], [server, client]]) {
      from.on("data", (bytes) => this.mode === "silent" || to.destroyed || to.write(bytes))
      from.on("close", () => to.destroy())
    }
    this.#sockets.add(client)
    client.on("close", () => this.#sockets.delete(client))
    if (this.mode === "short") setTimeout(() => client.destroy(), this.life)
  }

  /** Ends the connections that exist. */
  drop() {
    for (const socket of this.#sockets) socket.destroy()
  }

  close() {
    this.drop()
    this.server.close()
  }
}

export class Servers {
  #children = []
  key = "sandbox-key"

  async start() {
    this.folder = mkdtempSync(join(tmpdir(), "rescue-"))
    const [sandbox, gateway] = [await freePort(), await freePort()]
    this.sandbox = `http://127.0.0.1:${sandbox}`
    this.url = `http://127.0.0.1:${gateway}/`
    const environment = {
      PATH: process.env.PATH, PASSERELLE_LOG: "warning",
      PUSHER_APP_ID: "1001", PUSHER_KEY: this.key, PUSHER_SECRET: "sandbox-secret",
    }
    this.#run(["sandbox", "--sandbox", `127.0.0.1:${sandbox}`], environment)
    await until(() => answers(this.sandbox + "/sandbox"))
    this.gatewayArguments = [["serve"], {
      ...environment, PUSHER_HOST: "127.0.0.1", PUSHER_PORT: String(sandbox), PUSHER_SCHEME: "http",
      PASSERELLE_AUTH: "none", PASSERELLE_HTTP: `127.0.0.1:${gateway}`, PASSERELLE_ADMIN: "",
      PASSERELLE_IPC: join(this.folder, "ipc"), PASSERELLE_CHANNELS: "presence-bail-*,private-*",
      PASSERELLE_CLIENT_EVENTS: "client-typing", PASSERELLE_STATE_DIR: this.folder,
    }]
    await this.startGateway()
    return this
  }

  /** The sandbox's port. */
  get port() {
    return +new URL(this.sandbox).port
  }

  /** A link to the sandbox for one page. */
  newLink() {
    return new Link(this.port).listen()
  }

  async startGateway() {
    this.gateway = this.#run(...this.gatewayArguments)
    await until(() => answers(this.url + "readyz"))
  }

  async stopGateway() {
    const ended = new Promise((resolve) => this.gateway.once("exit", resolve))
    this.gateway.kill("SIGKILL")
    await ended
  }

  #run(options, env) {
    const child = spawn(process.env.PASSERELLE_TEST_BINARY, options, { env, stdio: ["ignore", "ignore", "inherit"] })
    this.#children.push(child)
    return child
  }

  async publish(channel, name, data) {
    const query = new URLSearchParams({ channel, name })
    const answer = await fetch(`${this.sandbox}/sandbox/publish?${query}`, { method: "POST", body: JSON.stringify(data) })
    if (!answer.ok) throw new Error("publish: " + answer.status)
  }

  /** Options of a pusher-js client (7 and 8) that connects to the port, as `user`. */
  pusherOptions(user, port) {
    const authorize = ({ socketId, channelName }, callback) => {
      const channelData = JSON.stringify({ user_id: user, user_info: { name: user } })
      const text = [socketId, channelName, ...channelName.startsWith("presence-") ? [channelData] : []].join(":")
      const auth = this.key + ":" + createHmac("sha256", "sandbox-secret").update(text).digest("hex")
      callback(null, channelName.startsWith("presence-") ? { auth, channel_data: channelData } : { auth })
    }
    return {
      cluster: "", wsHost: "127.0.0.1", wsPort: port, forceTLS: false, enabledTransports: ["ws"], disableStats: true,
      channelAuthorization: { customHandler: authorize },
      authorizer: ({ name }) => ({ authorize: (socketId, callback) => authorize({ socketId, channelName: name }, callback) }),
    }
  }

  stop() {
    for (const child of this.#children) child.kill("SIGKILL")
    rmSync(this.folder, { recursive: true, force: true })
  }
}
