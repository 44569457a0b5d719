// SPDX-License-Identifier: MIT

/// Counters since the start of the sandbox.
package struct SandboxCounts: Equatable, Sendable {
    /// Accepted clients.
    package var connections = 0
    /// Text messages received from clients.
    package var messagesReceived = 0
    /// Text messages sent to clients.
    package var framesSent = 0
    /// Forwarded client events.
    package var clientEvents = 0
    /// Published events, counted once per channel.
    package var eventsPublished = 0
    /// REST requests, including refused ones.
    package var requests = 0
}
