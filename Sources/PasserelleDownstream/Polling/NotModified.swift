// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The answer to who holds the newest already; kept, since most who poll hold the same.
struct NotModified {
    private var last: (position: Position, response: HTTPResponse, bytes: [UInt8])?

    /// The 304 for a position.
    mutating func response(for position: Position) -> HTTPResponse {
        forms(for: position).response
    }

    /// The same as it goes out to an HTTP/1.1 client that may ask again on its connection.
    mutating func bytes(for position: Position) -> [UInt8] { forms(for: position).bytes }

    private mutating func forms(
        for position: Position
    ) -> (position: Position, response: HTTPResponse, bytes: [UInt8]) {
        if let last, last.position == position { return last }
        let response = HTTPResponse(
            status: 304,
            fields: ["ETag": "\"\(position.text)\"", "Cache-Control": "private, no-cache"])
        let bytes = HTTPWriter.response(response, version: .http11, keepAlive: true)
        let forms = (position, response, bytes)
        last = forms
        return forms
    }
}
