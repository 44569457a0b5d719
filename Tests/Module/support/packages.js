// SPDX-License-Identifier: MIT
// Folders with packages, as npm would install them.

import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))

export const ROOT = resolve(here, "../../..")
/** Where Debian installs packages of node. */
export const DEBIAN = "/usr/share/nodejs"

/** Runs a program. If it fails, the error has what it printed. */
export function run(folder, command, ...words) {
  try {
    return execFileSync(command, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  } catch (error) {
    throw new Error(`${command} ${words.join(" ")}:\n${error.stdout}${error.stderr}`)
  }
}

function copy(from, to) {
  cpSync(from, to, { recursive: true, dereference: true })
}

/** Makes a folder in which the package `passerelle` is installed: packed, and unpacked again. Beside it
 * are React with its types from Debian, and stubs for the types of what Debian does not package. */
export function installed() {
  const folder = mkdtempSync(join(tmpdir(), "passerelle-package-"))
  const modules = join(folder, "node_modules")
  mkdirSync(join(modules, "@types"), { recursive: true })
  run(folder, "npm", "pack", "--offline", join(ROOT, "deploy/npm"))
  const [archive] = readdirSync(folder).filter((name) => name.endsWith(".tgz"))
  run(folder, "tar", "-xzf", archive, "-C", "node_modules", "--transform", "s/^package/passerelle/")
  for (const name of ["react", "react-dom", "scheduler", "@types/react", "@types/scheduler"]) copy(join(DEBIAN, name), join(modules, name))
  copy(join(here, "../stubs"), modules)
  return { folder, modules, archive, remove: () => rmSync(folder, { recursive: true }) }
}
