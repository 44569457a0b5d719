// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Decides the answers of a connection; called on the loop.
package protocol HTTPServerConnectionDelegate: AnyObject {
    /// A complete request has arrived. It must be answered once, now or later, or the connection be
    /// handed over.
    func received(_ request: HTTPRequest)

    /// The input is not a valid request, or a refused connection's request has a body (`nil`). The
    /// connection must be ended, for example with `beginFinalAnswer` and an answer.
    func receivedInvalidRequest(_ error: HTTPError?)

    /// A time limit is reached; the connection must be ended.
    func timedOut(_ stage: HTTPServerConnection.Stage)

    /// Writes the next piece of an answer that is sent in pieces.
    func writePiece() -> HTTPWriteResult

    /// Output waits for the client; the delegate may close the connection.
    func outputWaits()

    /// The client has received all output.
    func outputDrained()

    /// The connection has ended, by itself if `end` is set, or its link was handed over; the last
    /// call.
    func ended(_ end: LinkEnd?)
}

/// The outcome of writing a piece of an answer.
package enum HTTPWriteResult: Sendable {
    /// The whole piece was written, and more may follow.
    case written
    /// The socket is full.
    case full
    /// The answer is complete.
    case complete
    /// The answer cannot be completed.
    case failed
}

extension HTTPServerConnectionDelegate {
    package func writePiece() -> HTTPWriteResult { .failed }
    package func outputWaits() {}
    package func outputDrained() {}
}
