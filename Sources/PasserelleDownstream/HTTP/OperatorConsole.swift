// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The operators' console: its page, and the event streams that the page opens.
///
/// `Downstream` checks the requests and hands the connections over.
package protocol OperatorConsole: AnyObject {
    /// Returns the page's file at the segments of a path; `nil` if there is none.
    func page(_ path: [String]) -> HTTPResponse?

    /// Closes a stream if the limit is reached; returns whether it did.
    func makeRoom() -> Bool

    /// Opens a stream on a link; `head` is the head of the response.
    func open(_ link: Link, head: [UInt8], isChunked: Bool)

    /// Handles the retraction of events that the log held.
    func retract(events sequences: Set<UInt64>)

    /// Handles the deletion of a message that had already left the log.
    func retractedLate()

    /// Ends every stream.
    func drain()
}
