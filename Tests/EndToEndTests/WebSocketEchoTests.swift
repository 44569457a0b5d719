// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

/// The echo server for conformance suites of other projects, with the gateway's codec and loop.
struct WebSocketEchoTests {
    private static func echo() throws -> String {
        let binary = try PasserelleProcess.binary()
        let directory = binary.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(directory)/WebSocketEcho"
    }

    @Test func `a foreign client gets its messages back`() throws {
        let server = try Subprocess(Self.echo(), ["listen", "0"])
        defer { server.signal(9) }
        var port: Substring?
        try EndToEndFixture().wait(for: "the echo's port: \(server.errors)") {
            port = server.output.split(separator: "\n").first?.split(separator: ":").last
            return port != nil
        }
        let result = try Subprocess.run(
            Subprocess.python(),
            [Subprocess.client("echo.py"), "ws://127.0.0.1:\(port ?? "0")/"])
        #expect(result.errors == "" && result.output == "done\n" && result.status == 0)
    }

    @Test func `the cases of a suite run one by one, and then the report is requested`() throws {
        let suite = try Subprocess(
            Subprocess.python(), [Subprocess.client("suite.py"), "an agent & more"])
        defer { suite.signal(9) }
        var port: Substring?
        try EndToEndFixture().wait(for: "the suite's port: \(suite.errors)") {
            port = suite.output.split(separator: "\n").first
            return port != nil
        }
        let base = "ws://127.0.0.1:\(port ?? "0")"
        let result = try Subprocess.run(
            Self.echo(), ["connect", "--cases", base, "--agent", "an agent & more"])
        #expect(result.status == 0 && result.errors == "" && result.output == "")
        #expect(
            suite.output.split(separator: "\n").dropFirst()
                == ["case 1: ok", "case 2: ok", "case 3: ok", "case 4: ok", "done"])
    }

    @Test func `a suite that is not running is reported`() throws {
        let result = try Subprocess.run(
            Self.echo(), ["connect", "--cases", "ws://127.0.0.1:1", "--agent", "a"])
        #expect(result.status == 1 && result.errors != "")
    }

    @Test func `invalid arguments print the usage`() throws {
        let result = try Subprocess.run(Self.echo(), ["shout"])
        #expect(result.status == 64 && result.errors.contains("listen PORT"))
    }
}
