// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet

/// A connection with a peer that may stop reading.
package protocol Stallable: AnyObject {
    var link: Link { get }

    /// Bytes of output that this process holds for this peer alone.
    var heldBytes: Int { get }

    /// The deadline for the peer to read the whole answer; `nil` if there is none.
    var answerEnds: Duration? { get }

    /// Closes the connection at once.
    func cut()

    /// Handles the retraction of messages. If the waiting output may contain one of them, the
    /// connection must be closed at once and the output must not be sent.
    func retracted(by retractions: [Retraction])
}

extension Stallable {
    /// The bytes in the link's queue.
    package var heldBytes: Int { link.queuedBytes }
    /// No deadline.
    package var answerEnds: Duration? { nil }
}
