// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

/// The scripts that build the program, on a machine that lacks a tool.
struct ScriptTests {
    private static let tools = [
        "bash", "cat", "date", "dirname", "env", "git", "id", "mktemp", "pkg-config", "python3",
        "readlink", "rm", "sed", "sort",
    ]

    /// Runs a script of this repository with a `PATH` that has the basic tools, and `swift` as
    /// `swift` if it is given.
    private func run(_ script: String, swift: String? = nil) throws -> SubprocessResult {
        let directory = try TemporaryDirectory()
        for tool in Self.tools {
            let found = try Subprocess.run("sh", ["-c", "command -v \(tool)"])
            symlink(String(found.output.dropLast()), directory.file(tool))
        }
        var programs = ["dpkg-deb": "", "dpkg-shlibdeps": "", "dpkg-architecture": ""]
        if let swift { programs["swift"] = swift }
        for (name, text) in programs {
            let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$2\" && chmod 755 \"$2\""
            _ = try Subprocess.run("sh", ["-c", write, "sh", text, directory.file(name)])
        }
        return try Subprocess.run(
            Subprocess.packageDirectory + "/" + script, environment: ["PATH": directory.path])
    }

    @Test(arguments: ["Tests/run", "examples/demo", "deploy/build-deb"])
    func `a script that needs Swift names it if it is missing`(script: String) throws {
        let result = try run(script)
        #expect(result.status == 1, "\(result)")
        #expect(
            result.errors
                == "Swift 6.3 or later is required; PATH has none: https://www.swift.org/install\n")
    }

    @Test(arguments: [
        ("echo Swift version 6.2.9", "6.2"), ("echo nonsense", "none"), ("exit 3", "none"),
    ])
    func `a Swift that is too old, or is no Swift, is named`(program: String, found: String) throws
    {
        let result = try run("examples/demo", swift: program)
        #expect(result.status == 1, "\(result)")
        #expect(result.errors.contains("; PATH has \(found): "), "\(result)")
    }
}
