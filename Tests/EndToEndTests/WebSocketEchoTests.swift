// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

/// The echo that outside conformance suites drive, over the same codec and loop as the gateway.
struct WebSocketEchoTests {
    private static func echo() throws -> String {
        let binary = try PasserelleProcess.binary()
        let folder = binary.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(folder)/WebSocketEcho"
    }

    @Test func `a client that others wrote gets back what it says`() throws {
        let server = try Subprocess(Self.echo(), ["listen", "0"])
        defer { server.signal(9) }
        var port: Substring?
        try Stage().wait(for: "the echo's port: \(server.errors)") {
            port = server.output.split(separator: "\n").first?.split(separator: ":").last
            return port != nil
        }
        let result = try Subprocess.run(
            Subprocess.python(),
            [Subprocess.client("echo.py"), "ws://127.0.0.1:\(port ?? "0")/"])
        #expect(result.errors == "" && result.output == "done\n" && result.status == 0)
    }

    @Test func `a wrong use says how it is used`() throws {
        let result = try Subprocess.run(Self.echo(), ["shout"])
        #expect(result.status == 64 && result.errors.contains("listen PORT"))
    }
}
