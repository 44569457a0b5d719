// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleBrowser

/// The names of the module's files.
struct ModuleNameTests {
    @Test(arguments: [
        ("passerelle.js", "passerelle-1.2.3.js"),
        ("passerelle-pusher.js", "passerelle-pusher-1.2.3.js"),
        ("passerelle-react.d.ts", "passerelle-react-1.2.3.d.ts"),
    ])
    func `a version stands before the ending`(plain: String, versioned: String) {
        let name = ModuleName(plain)
        #expect(name.plain == plain)
        #expect(name.text(version: "1.2.3") == versioned)
        #expect(name.isVersioned(versioned))
    }

    @Test(arguments: [
        "passerelle-0.js", "passerelle-1.0.0-beta.2.js", "passerelle-1.0.0+build.js",
        "passerelle-10.20.30.js",
    ])
    func `a version begins with a digit`(name: String) {
        #expect(ModuleName("passerelle.js").isVersioned(name))
    }

    @Test(arguments: [
        "passerelle.js", "passerelle-.js", "passerelle-pusher.js", "passerelle-v1.js",
        "passerelle-1.0.0.d.ts", "passerelle-1.0.0", "passerelle-1 .js", "passerelle-1\r\n.js",
        "passerelle-1/2.js", "passerelle-é.js", "passerelle_1.js", "", "-1.js",
    ])
    func `other names have no version`(name: String) {
        #expect(!ModuleName("passerelle.js").isVersioned(name))
    }

    @Test(arguments: [
        (ModuleName.versionBytes - 1, true), (ModuleName.versionBytes, true),
        (ModuleName.versionBytes + 1, false),
    ])
    func `a version's length is bounded`(length: Int, isVersion: Bool) {
        let version = String(repeating: "1", count: length)
        #expect(ModuleName("passerelle.js").isVersioned("passerelle-\(version).js") == isVersion)
    }
}
