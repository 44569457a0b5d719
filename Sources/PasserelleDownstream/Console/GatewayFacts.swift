// SPDX-License-Identifier: MIT

package import PasserelleHub

/// What the console tells of the house besides what Downstream sees itself.
package struct GatewayFacts: Equatable, Sendable {
    /// The program's version.
    package var version = ""
    /// How the connection to Channels is, in one word.
    package var upstream = "connecting"
    /// Since when it is so.
    package var since: WallTime?
    /// When the connection was lost that is to be made again.
    package var lost: WallTime?
    /// Connections to Channels that were tried.
    package var attempts: UInt64 = 0
    /// Connections that stood.
    package var connections: UInt64 = 0
    /// Messages that Channels has sent.
    package var messages: UInt64 = 0
    /// When the last event came.
    package var lastEvent: WallTime?

    /// What is so before anything has happened.
    package init() {}
}
