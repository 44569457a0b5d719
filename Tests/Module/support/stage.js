// SPDX-License-Identifier: MIT
// Puts modules of the browser side into a folder of their own, beside a gateway without a network.

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const browser = resolve(here, "../../../Sources/PasserelleBrowser")

/** Where Debian installs packages of node. */
const DEBIAN = "/usr/share/nodejs"

/** The forms in which each module is tested: as it is written, and as the gateway serves it. */
export const FORMS = ["src", "Served"].filter((form) => existsSync(join(browser, form)))

/** Returns the URL of a module of one form, beside the real `passerelle.js`. */
export function served(form, name) {
  return pathToFileURL(join(browser, form, name)).href
}

/** Returns functions to import the modules of one form, with `passerelle.js` replaced by the fake,
 * and to remove the folder. `packages` are packages of Debian that the modules import. */
export function stage(form, packages = []) {
  const folder = mkdtempSync(join(tmpdir(), "passerelle-module-"))
  cpSync(join(browser, form), join(folder, "modules"), { recursive: true })
  cpSync(join(here, "fake-module.js"), join(folder, "modules/passerelle.js"))
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
  mkdirSync(join(folder, "node_modules"))
  for (const name of packages) cpSync(join(DEBIAN, name), join(folder, "node_modules", name), { recursive: true, dereference: true })
  const load = (name) => import(pathToFileURL(join(folder, "modules", name)))
  return { folder, load, remove: () => rmSync(folder, { recursive: true }) }
}
