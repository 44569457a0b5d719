// SPDX-License-Identifier: MIT

/// What became of notices since the gateway began.
package struct NoticeTally: Equatable, Sendable {
    /// Inngest has it.
    package var sent: UInt64 = 0
    /// Another one was too near.
    package var throttled: UInt64 = 0
    /// The recipient was there.
    package var present: UInt64 = 0
    /// The message was taken back first.
    package var retracted: UInt64 = 0
    /// Calls to Inngest that did not come to a yes, retries included.
    package var failed: UInt64 = 0
    /// Refused, or tried for as long as it is tried.
    package var givenUp: UInt64 = 0
    /// There were too many at once.
    package var dropped: UInt64 = 0

    package init() {}
}
