// SPDX-License-Identifier: MIT

/// Counts the frames on one connection that hold no message, and limits them.
///
/// Some servers and proxies send empty texts, `null` or a byte order mark as a keep-alive. They
/// carry no data, so a few are ignored. A flood of them does not come from a Channels server.
package struct EmptyFrames: Sendable {
    /// The number of frames without a message that are ignored within `window`.
    package static let limit = 120
    /// The period over which frames are counted.
    package static let window: Duration = .seconds(60)

    private var began: Duration?
    private var count = 0

    /// Counts one frame; returns false if the limit is exceeded.
    package mutating func admits(now: Duration) -> Bool {
        if began.map({ now - $0 >= Self.window }) ?? true {
            began = now
            count = 0
        }
        count += 1
        return count <= Self.limit
    }
}
