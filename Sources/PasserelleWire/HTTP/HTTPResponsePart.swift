// SPDX-License-Identifier: MIT

/// Gives a response piece by piece.
package enum HTTPResponsePart: Equatable, Sendable {
    /// The head; its `body` is empty.
    case head(HTTPResponse)
    /// More of the body, its transfer coding undone; never empty.
    case body([UInt8])
    /// The end of the body, once a response, also where there is none.
    case end
}
