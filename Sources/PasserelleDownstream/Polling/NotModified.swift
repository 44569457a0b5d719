// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The 304 answer to clients that hold the newest position; cached, since most polling clients
/// hold the same one.
struct NotModified {
    /// The value of `Vary`.
    private let vary: String
    private var last: (position: Position, response: HTTPResponse, bytes: [UInt8])?

    init(vary: String) {
        self.vary = vary
    }

    /// Returns the 304 for a position.
    mutating func response(for position: Position) -> HTTPResponse {
        forms(for: position).response
    }

    /// Returns the 304 as encoded for an HTTP/1.1 client with a persistent connection.
    mutating func bytes(for position: Position) -> [UInt8] { forms(for: position).bytes }

    private mutating func forms(
        for position: Position
    ) -> (position: Position, response: HTTPResponse, bytes: [UInt8]) {
        if let last, last.position == position { return last }
        let response = HTTPResponse(
            status: 304,
            fields: [
                "ETag": "\"\(position.text)\"", "Cache-Control": HTTPResponse.forThisClient,
                "Vary": vary,
            ])
        let bytes = HTTPWriter.response(response, version: .http11, keepAlive: true)
        let forms = (position, response, bytes)
        last = forms
        return forms
    }
}
