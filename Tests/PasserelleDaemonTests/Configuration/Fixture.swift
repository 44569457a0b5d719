// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleTesting

/// Reads what lies beside the tests.
enum Fixture {
    /// The path of a fixture.
    static func path(_ name: String, file: String = #filePath) -> String {
        let folders = file.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(folders)/Fixtures/\(name)"
    }

    /// The bytes of a fixture.
    static func bytes(_ name: String) throws -> [UInt8] {
        try Surroundings.process().readFile(path(name)).get()
    }

    /// The variables of an environment file, the last of each name.
    static func environment(
        _ name: String
    ) throws -> [String: Result<String, EnvironmentFileError>] {
        let entries = EnvironmentFile.parse(try bytes(name)).map { ($0.name, $0.value) }
        return Dictionary(entries, uniquingKeysWith: { $1 })
    }
}

extension Surroundings {
    /// Surroundings in which only this is there.
    static func only(
        _ environment: [String: String] = [:], files: [String: String] = [:],
        users: [String: UInt32] = [:], ownUserID: UInt32 = 1000
    ) -> Surroundings {
        Surroundings(
            environment: environment,
            readFile: { path in
                files[path].map { .success(Array($0.utf8)) } ?? .failure(.refused(2))
            },
            exists: { files[$0] != nil }, userID: { users[$0] }, ownUserID: ownUserID)
    }
}
