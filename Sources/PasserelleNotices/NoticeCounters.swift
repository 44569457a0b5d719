// SPDX-License-Identifier: MIT

/// The outcomes of notices since the gateway started.
package struct NoticeCounters: Equatable, Sendable {
    /// Accepted by Inngest.
    package var sent: UInt64 = 0
    /// Within the throttle interval of an earlier notice.
    package var throttled: UInt64 = 0
    /// The recipient was present.
    package var present: UInt64 = 0
    /// The message was retracted before the notice was sent.
    package var retracted: UInt64 = 0
    /// Failed calls to Inngest, including retries.
    package var failed: UInt64 = 0
    /// Refused, or not delivered before the end of the retries.
    package var givenUp: UInt64 = 0
    /// Over a limit of pending messages or notices.
    package var dropped: UInt64 = 0

    package init() {}
}
