// SPDX-License-Identifier: MIT
// The real program's demo: a Channels server and a gateway in one process, on ports of its own.

import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./servers.js"

/** Ends a wait that would never end, in milliseconds. */
const HANG_LIMIT = 600000

export const CHANNEL = "presence-bail-demo"


/** Waits until a condition holds. */
export async function until(condition, what) {
  const end = Date.now() + HANG_LIMIT
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export class DemoGateway {
  /** Starts the program that PASSERELLE_TEST_BINARY names, and waits until it answers. */
  static async start() {
    const binary = process.env.PASSERELLE_TEST_BINARY
    if (!binary) throw new Error("PASSERELLE_TEST_BINARY names no program; it must be the built passerelle")
    const gateway = new DemoGateway()
    gateway.binary = binary
    gateway.folder = mkdtempSync(join(tmpdir(), "passerelle-module-"))
    gateway.ports = [await freePort(), await freePort()]
    await gateway.run()
    return gateway
  }

  get url() {
    return `http://127.0.0.1:${this.ports[0]}`
  }

  async run() {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PASSERELLE|PUSHER)_/.test(name)))
    Object.assign(environment, {
      PASSERELLE_HTTP: `127.0.0.1:${this.ports[0]}`,
      PASSERELLE_SANDBOX: `127.0.0.1:${this.ports[1]}`,
      PASSERELLE_IPC: join(this.folder, "ipc.sock"),
    })
    let output = ""
    this.process = spawn(this.binary, ["demo"], { env: environment, stdio: ["ignore", "pipe", "pipe"] })
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (text) => (output += text))
    await until(async () => {
      if (this.process.exitCode !== null) throw new Error(`the demo has ended:\n${output}`)
      return fetch(`${this.url}/demo/settings`).then((answer) => answer.ok, () => false)
    }, "the demo answers")
  }

  /** Kills the process; `run` starts it again on the same ports. */
  async kill() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve))
    this.process.kill("SIGKILL")
    await ended
  }

  async close() {
    await this.kill()
    rmSync(this.folder, { recursive: true })
  }

  /** Publishes an event as the application's server would. */
  async publish(event, data, channel = CHANNEL) {
    const query = new URLSearchParams({ channel, name: event })
    await this.control(`publish?${query}`, JSON.stringify(data))
  }

  /** Sets the behaviour of the Channels server. */
  async control(command, body) {
    const answer = await fetch(`http://127.0.0.1:${this.ports[1]}/sandbox/${command}`, { method: "POST", body })
    if (!answer.ok) throw new Error(`${command}: ${answer.status} ${await answer.text()}`)
  }
}
