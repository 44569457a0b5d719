// SPDX-License-Identifier: MIT

/// What a configuration is read from besides the arguments, so that tests can say all of it.
package struct Surroundings: Sendable {
    /// The environment variables.
    package var environment: [String: String]
    /// Gives a file's bytes, or the reason in the system's words why it cannot be read.
    package var readFile: @Sendable (String) -> Result<[UInt8], FileFailure>
    /// Says whether something is at a path.
    package var exists: @Sendable (String) -> Bool
    /// Gives the id of the user with a name.
    package var userID: @Sendable (String) -> UInt32?
    /// Gives the id of the group with a name.
    package var groupID: @Sendable (String) -> UInt32?
    /// The effective user id of the process.
    package var ownUserID: UInt32

    /// Surroundings from their parts.
    package init(
        environment: [String: String],
        readFile: @escaping @Sendable (String) -> Result<[UInt8], FileFailure>,
        exists: @escaping @Sendable (String) -> Bool,
        userID: @escaping @Sendable (String) -> UInt32?,
        groupID: @escaping @Sendable (String) -> UInt32? = { _ in nil },
        ownUserID: UInt32
    ) {
        self.environment = environment
        self.readFile = readFile
        self.exists = exists
        self.userID = userID
        self.groupID = groupID
        self.ownUserID = ownUserID
    }

    /// A variable's value; nil where it is not set or empty.
    package func value(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }
}

/// Why a file cannot be read.
package enum FileFailure: Error, Equatable, Sendable {
    /// The system refused, for this `errno`.
    case refused(Int32)
    /// The file has more than `limit` bytes.
    case tooLarge(limit: Int)
}
