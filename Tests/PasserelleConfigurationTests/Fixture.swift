// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleNet
import PasserelleTesting

/// Reads the files in the Fixtures directory.
enum Fixture {
    /// The path of a file.
    static func path(_ name: String, file: String = #filePath) -> String {
        let directories = file.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(directories)/Fixtures/\(name)"
    }

    /// The content of a file.
    static func bytes(_ name: String) throws -> [UInt8] {
        try ProcessEnvironment.process().readFile(path(name)).get()
    }

    /// The variables of an environment file; the last entry of each name counts.
    static func environment(
        _ name: String
    ) throws -> [String: String] {
        let entries = EnvironmentFile.parse(try bytes(name))
        return Dictionary(
            entries.compactMap { entry in entry.value.map { (entry.name, $0) } },
            uniquingKeysWith: { $1 })
    }
}

extension ProcessEnvironment {
    /// Creates an environment with only these variables, files and users.
    static func only(
        _ environment: [String: String] = [:], files: [String: String] = [:],
        users: [String: UInt32] = [:], ownUserID: UInt32 = 1000
    ) -> ProcessEnvironment {
        ProcessEnvironment(
            environment: environment,
            readFile: { path in
                files[path].map { .success(Array($0.utf8)) } ?? .failure(.refused(2))
            },
            exists: { files[$0] != nil }, userID: { users[$0] }, ownUserID: ownUserID)
    }
}
