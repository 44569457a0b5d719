// SPDX-License-Identifier: MIT
// The package of deploy/npm, as an application installs it.

import assert from "node:assert/strict"
import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { installed, ROOT, run } from "./support/packages.js"

const TYPES = join(ROOT, "Tests/Module/types")

describe("the package", () => {
  let place
  let manifest

  before(() => {
    place = installed()
    manifest = JSON.parse(readFileSync(join(place.modules, "passerelle/package.json")))
    writeFileSync(join(place.folder, "package.json"), '{ "type": "module" }')
  })
  after(() => place.remove())

  test("has the version of the program, and the files that it declares", () => {
    const [, version] = /text = "(.*)"/.exec(readFileSync(join(ROOT, "Sources/PasserelleConfiguration/Version.swift"), "utf8"))
    assert.equal(manifest.version, version)
    assert.equal(place.archive, `passerelle-${version}.tgz`)
    const names = ["passerelle", "passerelle-pusher", "passerelle-react"].flatMap((name) => [`${name}.js`, `${name}.d.ts`])
    assert.deepEqual(readdirSync(join(place.modules, "passerelle")).sort(), [...names, "LICENSE", "README.md", "package.json"].sort())
  })

  test("has the files that the gateway serves", () => {
    for (const name of ["passerelle.js", "passerelle-pusher.js", "passerelle-react.js"]) {
      const served = readFileSync(join(ROOT, "Sources/PasserelleBrowser/Served", name), "utf8")
      assert.equal(readFileSync(join(place.modules, "passerelle", name), "utf8"), served)
    }
  })

  test("declares types first, no side effects, and ES modules", () => {
    assert.equal(manifest.type, "module")
    assert.equal(manifest.sideEffects, false)
    assert.deepEqual(Object.keys(manifest.exports), [".", "./pusher", "./react", "./package.json"])
    for (const [name, entry] of Object.entries(manifest.exports)) {
      if (typeof entry === "object") assert.equal(Object.keys(entry)[0], "types", name)
    }
  })

  test("the part for React is a client module for Next.js", () => {
    const text = readFileSync(join(place.modules, "passerelle/passerelle-react.js"), "utf8")
    assert.match(text, /^(\/\/.*\n|\/\*.*\*\/\n?)*"use client"/)
  })

  test("is imported in node without a browser's globals, and touches none", () => {
    writeFileSync(join(place.folder, "import.js"), `
      await import("react")   // before the traps: they are for this package
      const touched = []
      for (const name of ["fetch", "setTimeout", "navigator", "window", "document", "location", "BroadcastChannel", "localStorage", "sessionStorage"]) {
        Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name) }, set() { touched.push(name) } })
      }
      const before = Object.getOwnPropertyNames(globalThis)
      const modules = [await import("passerelle"), await import("passerelle/pusher"), await import("passerelle/react")]
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name))
      console.log(JSON.stringify({ names: modules.map((each) => Object.keys(each).sort()), touched, added }))
    `)
    assert.deepEqual(JSON.parse(run(place.folder, process.execPath, "import.js")), {
      names: [
        ["SendBlocked", "connect", "rescue"],
        ["BadEventName", "default"],
        ["GatewayProvider", "useChannel", "useConnection", "useGateway", "useMembers"],
      ],
      touched: [],
      added: [],
    })
  })

  for (const [resolution, module] of [["node16", "node16"], ["node", "es2022"]]) {
    test(`its types are strict, with module resolution ${resolution}`, () => {
      const files = readdirSync(TYPES)
      for (const name of files) cpSync(join(TYPES, name), join(place.folder, name))
      run(place.folder, "tsc", "--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--jsx", "react-jsx",
        "--module", module, "--moduleResolution", resolution, "--types", "react", "--noUncheckedIndexedAccess",
        "--exactOptionalPropertyTypes", ...files)
    })
  }
})
