// SPDX-License-Identifier: MIT

import Glibc
package import PasserelleNet

/// The inputs of a configuration other than the arguments, so that tests can replace them.
package struct ProcessEnvironment: Sendable {
    /// The environment variables.
    package var environment: [String: String]
    /// Returns the content of a file, or the reason why it cannot be read.
    package var readFile: @Sendable (String) -> Result<[UInt8], FileFailure>
    /// Returns true if a path exists.
    package var exists: @Sendable (String) -> Bool
    /// Returns the id of the user with a name.
    package var userID: @Sendable (String) -> UInt32?
    /// Returns the id of the group with a name.
    package var groupID: @Sendable (String) -> UInt32? = { _ in nil }
    /// The effective user id of the process.
    package var ownUserID: UInt32

    /// Returns the value of a variable, or `nil` if it is not set or is empty.
    package func value(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }
}

extension ProcessEnvironment {
    /// The maximum size of an environment file, a credential or a certificate file, in bytes.
    package static let fileBytes = 4 << 20

    /// The environment of this process.
    package static func process() -> ProcessEnvironment {
        ProcessEnvironment(
            environment: environment(), readFile: { FileReader.read($0, limit: fileBytes) },
            exists: { access($0, F_OK) == 0 }, userID: { getpwnam($0)?.pointee.pw_uid },
            groupID: { getgrnam($0)?.pointee.gr_gid }, ownUserID: geteuid())
    }

    /// The environment at the start of the process; invalid UTF-8 is replaced by U+FFFD.
    private static func environment() -> [String: String] {
        guard case .success(let bytes) = FileReader.read("/proc/self/environ", limit: fileBytes)
        else { return [:] }
        var result: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            result[name] = String(decoding: entry[entry.index(after: equals)...], as: UTF8.self)
        }
        return result
    }
}

/// The default path of the line protocol's Unix socket.
package enum SocketPath {
    private static let file = "passerelle.sock"

    /// The default path of a gateway: in the first directory of `$RUNTIME_DIRECTORY`, otherwise in
    /// `$XDG_RUNTIME_DIR`, otherwise in `/run` for root, otherwise, for the demo, in the temporary
    /// directory.
    package static func ofGateway(_ environment: ProcessEnvironment, isDemo: Bool) -> String? {
        if let directories = environment.value("RUNTIME_DIRECTORY"),
            let first = directories.split(separator: ":").first
        {
            return "\(first)/\(file)"
        }
        if let directory = environment.value("XDG_RUNTIME_DIR") { return "\(directory)/\(file)" }
        if environment.ownUserID == 0 { return "/run/\(file)" }
        let temporary = environment.value("TMPDIR") ?? "/tmp"
        return isDemo ? "\(temporary)/passerelle-demo-\(environment.ownUserID).sock" : nil
    }

    /// The default path of a client: the first existing path of a gateway, otherwise the likeliest.
    package static func ofClient(_ environment: ProcessEnvironment) -> String {
        let likeliest = ofGateway(environment, isDemo: false)
        let places = [likeliest, "/run/passerelle/\(file)", "/run/\(file)"].compactMap(\.self)
        return places.first(where: environment.exists) ?? places[0]
    }
}
