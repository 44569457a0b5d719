// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting

/// A gateway whose program on disk can be replaced while it runs.
final class ReplaceableGateway {
    let gateway: GatewayProcess
    private let fixture: EndToEndFixture
    private let path: String
    private let original: String

    init(
        _ fixture: EndToEndFixture, upstreamPort: Int, http: String = "127.0.0.1:0",
        variables: [String: String] = [:], arguments: [String] = []
    ) throws {
        self.fixture = fixture
        path = fixture.directory.file("program")
        original = try PasserelleProcess.binary()
        try Self.copy(fixture, original, to: path)
        gateway = try GatewayProcess(
            fixture, upstreamPort: upstreamPort, http: http, variables: variables,
            arguments: arguments, binary: path)
    }

    deinit { gateway.killAll() }

    /// Puts a shell script in the place of the program; its socket is descriptor 3.
    func replace(byScript script: String) throws {
        let new = path + ".new"
        guard let file = fopen(new, "w") else { throw TestFailure("cannot write \(new)") }
        fputs("#!/bin/sh\n\(script)\n", file)
        fclose(file)
        chmod(new, 0o755)
        rename(new, path)
    }

    /// Puts a program, or by default the original one, in place.
    func replace(by program: String? = nil) throws {
        try Self.copy(fixture, program ?? original, to: path)
    }

    /// Removes the program.
    func remove() { unlink(path) }

    private static func copy(
        _ fixture: EndToEndFixture, _ program: String, to path: String
    ) throws {
        let result = try fixture.run("cp", ["--preserve=mode", program, path + ".new"])
        guard result.status == 0, rename(path + ".new", path) == 0 else {
            throw TestFailure("cannot copy \(program)")
        }
    }

    /// Starts an upgrade that must fail, and returns the reason in the log.
    func failedUpgrade() throws -> String {
        let words = "this one continues"
        let before = gateway.process.lines(with: words).count
        kill(gateway.currentPID, SIGUSR2)
        try fixture.wait(for: "the failed upgrade") {
            gateway.process.lines(with: words).count > before
        }
        let line = gateway.process.lines(with: words).last ?? ""
        return line.firstRange(of: "cause=").map { String(line[$0.upperBound...]) } ?? ""
    }
}
