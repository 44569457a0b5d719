// SPDX-License-Identifier: MIT

/// Says why an opening handshake fails.
package enum WebSocketHandshakeError: Error, Equatable, Sendable {
    /// The request's method is not GET, or its version not 1.1.
    case notAnUpgradeRequest
    /// `Upgrade` or `Connection` does not ask for a WebSocket.
    case missingUpgrade
    /// `Sec-WebSocket-Key` is not 16 bytes in Base64, once.
    case malformedKey
    /// `Sec-WebSocket-Version` is not 13.
    case unsupportedVersion
    /// The server answered with another status than 101.
    case refused(status: Int)
    /// `Sec-WebSocket-Accept` does not belong to our key.
    case wrongAccept
    /// The server agreed to an extension or a subprotocol that we did not offer.
    case unofferedAgreement
}

extension WebSocketHandshakeError {
    /// Gives the answer a server refuses the request with.
    package var response: HTTPResponse { HTTPResponse(status: 400) }
}

/// Makes and checks both sides of the opening handshake (RFC 6455 §4).
package enum WebSocketHandshake {
    /// Gives a client's request; `key` is 16 random bytes in Base64.
    package static func request(
        host: String, target: String, key: String, extra: HTTPFields = [:]
    ) -> HTTPRequest { HTTPRequest(method: "GET", target: target) }

    /// Gives what the accept value is the Base64 of the SHA-1 of.
    package static func acceptInput(key: String) -> [UInt8] { [] }

    /// Checks a server's answer to a request that offered those subprotocols and no extension.
    package static func checkResponse(
        _ response: HTTPResponse, accept: String, offered: [String] = []
    ) throws(WebSocketHandshakeError) {}

    /// Checks a client's request and gives its key.
    package static func checkRequest(
        _ request: HTTPRequest
    ) throws(WebSocketHandshakeError) -> String { "" }

    /// Gives a server's answer, agreeing to a subprotocol if one is named.
    package static func response(accept: String, agreed: String? = nil) -> HTTPResponse {
        HTTPResponse(status: 101)
    }
}
