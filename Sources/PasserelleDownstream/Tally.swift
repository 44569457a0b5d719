// SPDX-License-Identifier: MIT

/// Counters of `Downstream` since its start.
package struct Tally: Equatable, Sendable {
    package var polls: UInt64 = 0
    package var notModified: UInt64 = 0
    package var streams: UInt64 = 0
    /// Refused requests and commands.
    package private(set) var refusals: UInt64 = 0
    /// Refusals by the machine-readable code of the answer; the number of codes is fixed.
    package private(set) var refusalWords: [String: UInt64] = [:]
    package var lines: UInt64 = 0
    /// Commands that revoked a user, and the streams and waiting requests that they ended.
    package var revocations: UInt64 = 0
    package var revokedReaders: UInt64 = 0
    /// Client events that were sent, or that repeated the previous one.
    package var clientEvents: UInt64 = 0
    /// Entries delivered to polls.
    package var polled = Deliveries()
    /// Entries delivered on the Unix socket.
    package var lined = Deliveries()

    package init() {}

    /// Counts a refused request, command or connection.
    package mutating func refused(_ word: String) {
        refusals += 1
        refusalWords[word, default: 0] += 1
    }
}
