// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The answer to who holds the newest already; kept, since most who poll hold the same.
struct NotModified {
    private var last: (position: Position, response: HTTPResponse)?

    /// The 304 for a position.
    mutating func response(for position: Position) -> HTTPResponse {
        if let last, last.position == position { return last.response }
        let response = HTTPResponse(
            status: 304,
            fields: ["ETag": "\"\(position.text)\"", "Cache-Control": "private, no-cache"])
        last = (position, response)
        return response
    }
}
