// SPDX-License-Identifier: MIT

package import PasserelleWire

extension HTTPResponse {
    /// A short plain text.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
            ], body: Array(text.utf8))
    }

    /// A JSON document that is for this client and this moment alone.
    package static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": "private, no-cache",
            ], body: body)
    }

    /// The answer to OPTIONS: the methods that are taken.
    static func options(_ allowed: String) -> HTTPResponse {
        HTTPResponse(status: 204, fields: ["Allow": allowed, "Cache-Control": "no-store"])
    }
}
