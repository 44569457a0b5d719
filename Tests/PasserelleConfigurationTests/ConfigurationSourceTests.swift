// SPDX-License-Identifier: MIT
@testable import PasserelleLog
@testable import PasserelleConfiguration
import Synchronization
import Testing

struct ConfigurationSourceTests {
    /// An environment file with variable content.
    private final class File: Sendable {
        private let kept = Mutex("")
        var text: String {
            get { kept.withLock(\.self) }
            set { kept.withLock { $0 = newValue } }
        }
    }

    private let file = File()

    private func source(_ environment: [String: String] = [:]) throws -> ConfigurationSource {
        var environment = ProcessEnvironment.only(environment)
        environment.readFile = { [file] _ in .success(Array(file.text.utf8)) }
        return ConfigurationSource(
            try Invocation.parse(["serve", "--env-file", "a"]), environment)
    }

    private static let enough = """
        PUSHER_APP_ID=1
        PUSHER_KEY=k
        PUSHER_SECRET=s
        PUSHER_CLUSTER=eu
        PASSERELLE_AUTH=none
        PASSERELLE_IPC=/run/x

        """

    @Test func `a changed variable is taken or waits, compared with the value in force`() throws {
        file.text = Self.enough
        var source = try source()
        #expect(try source.load().logLevel == .info)
        file.text = Self.enough + "PASSERELLE_LOG=debug\nPASSERELLE_LINGER=1m\n"
        let first = try source.reloadConfiguration(taking: ["PASSERELLE_LOG"])
        #expect(first.configuration.logLevel == .debug)
        #expect(first.taken == ["PASSERELLE_LOG"] && first.waiting == ["PASSERELLE_LINGER"])
        let second = try source.reloadConfiguration(taking: ["PASSERELLE_LOG"])
        #expect(second.taken.isEmpty && second.waiting == ["PASSERELLE_LINGER"])
        file.text = Self.enough
        let third = try source.reloadConfiguration(taking: ["PASSERELLE_LOG"])
        #expect(third.configuration.logLevel == .info)
        #expect(third.taken == ["PASSERELLE_LOG"] && third.waiting.isEmpty)
    }

    @Test func `an invalid configuration changes nothing`() throws {
        file.text = Self.enough
        var source = try source()
        _ = try source.load()
        file.text = Self.enough + "PASSERELLE_LOG=loud\n"
        #expect(throws: ConfigurationError.self) { try source.reloadConfiguration(taking: []) }
        file.text = Self.enough
        let after = try source.reloadConfiguration(taking: ["PASSERELLE_LOG"])
        #expect(after.taken.isEmpty && after.waiting.isEmpty)
    }

    @Test func `the environment still takes precedence over a changed file`() throws {
        file.text = Self.enough
        var source = try source(["PASSERELLE_LOG": "error"])
        _ = try source.load()
        file.text = Self.enough + "PASSERELLE_LOG=debug\n"
        let found = try source.reloadConfiguration(taking: ["PASSERELLE_LOG"])
        #expect(found.configuration.logLevel == .error && found.taken.isEmpty)
    }
}
