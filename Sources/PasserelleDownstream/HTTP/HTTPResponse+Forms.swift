// SPDX-License-Identifier: MIT

package import PasserelleWire

extension HTTPResponse {
    /// Returns a short plain-text response.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
            ], body: Array(text.utf8))
    }

    /// The `Cache-Control` of an answer for one client, which proxies must pass on unchanged.
    ///
    /// A proxy that encodes an answer would rewrite its tag.
    static let forThisClient = "private, no-cache, no-transform"

    /// Returns a JSON response that is valid only for this client and this moment.
    package static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": forThisClient,
            ], body: body)
    }

    /// Returns the response to OPTIONS with the allowed methods.
    static func options(_ allowed: String) -> HTTPResponse {
        HTTPResponse(status: 204, fields: ["Allow": allowed, "Cache-Control": "no-store"])
    }
}
