// SPDX-License-Identifier: MIT

/// Says why an opening handshake fails (RFC 6455 §4).
package enum WebSocketHandshakeError: Error, Equatable, Sendable {
    /// The request's method is not GET, or its version not 1.1.
    case notAnUpgradeRequest
    /// `Upgrade` or `Connection` does not ask for, or agree to, a WebSocket.
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
    /// Gives one sentence, with none of the peer's bytes in it.
    package var message: String {
        switch self {
        case .notAnUpgradeRequest: "A WebSocket begins with GET and HTTP/1.1."
        case .missingUpgrade: "Upgrade and Connection do not agree on a WebSocket."
        case .malformedKey: "Sec-WebSocket-Key is malformed."
        case .unsupportedVersion: "Only version 13 of WebSocket is understood."
        case .refused(let status): "The server answered with status \(status)."
        case .wrongAccept: "Sec-WebSocket-Accept is wrong."
        case .unofferedAgreement: "The server agreed to what was not offered."
        }
    }

    /// Gives the answer a server refuses the request with; for a version, the one it speaks (§4.4).
    package var response: HTTPResponse {
        var fields: HTTPFields = ["Content-Type": "text/plain; charset=utf-8"]
        var status = 400
        if self == .unsupportedVersion || self == .missingUpgrade {
            status = 426
            fields.add("Upgrade", "websocket")
            fields.add("Connection", "Upgrade")
            fields.add("Sec-WebSocket-Version", "13")
        }
        return HTTPResponse(status: status, fields: fields, body: Array((message + "\n").utf8))
    }
}
