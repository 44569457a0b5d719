// SPDX-License-Identifier: MIT

/// The opening handshake, client and server side (RFC 6455 §4).
package enum WebSocketHandshake {
    /// Returns a client's request; `key` must be 16 random bytes in Base64.
    package static func request(
        host: String, target: String, key: String, extra: HTTPFields = [:]
    ) -> HTTPRequest {
        var fields: HTTPFields = [
            "Host": host, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
        ]
        for field in extra.list { fields.add(field.name, field.value) }
        return HTTPRequest(method: "GET", target: target, fields: fields)
    }

    /// Returns the bytes to hash with SHA-1 for the accept value (§4.2.2).
    package static func acceptInput(key: String) -> [UInt8] {
        Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    }

    /// Checks a server's response to a request that offered `offered` and no extension.
    package static func checkResponse(
        _ response: HTTPResponse, accept: String, offered: [String] = []
    ) throws(WebSocketHandshakeError) {
        let fields = response.fields
        guard response.status == 101 else { throw .refused(status: response.status) }
        guard fields.hasToken("upgrade", "websocket"), fields.hasToken("connection", "upgrade")
        else { throw .missingUpgrade }
        guard fields.all("sec-websocket-accept") == [accept] else { throw .wrongAccept }
        guard !fields.contains("sec-websocket-extensions") else { throw .unofferedOption }
        let agreed = fields.all("sec-websocket-protocol")
        guard agreed.isEmpty || (agreed.count == 1 && offered.contains(agreed[0])) else {
            throw .unofferedOption
        }
    }

    /// Checks a client's request and returns its key.
    ///
    /// The client may offer extensions and subprotocols; the server need not accept any.
    package static func checkRequest(
        _ request: HTTPRequest
    ) throws(WebSocketHandshakeError) -> String {
        let fields = request.fields
        guard request.method == "GET", request.version == .http11 else {
            throw .notAnUpgradeRequest
        }
        guard fields.hasToken("upgrade", "websocket"), fields.hasToken("connection", "upgrade")
        else { throw .missingUpgrade }
        guard fields.all("sec-websocket-version") == ["13"] else { throw .unsupportedVersion }
        let keys = fields.all("sec-websocket-key")
        guard keys.count == 1, isKey(keys[0]) else { throw .malformedKey }
        return keys[0]
    }

    /// Returns a server's response; it accepts a subprotocol if `agreed` names one.
    package static func response(accept: String, agreed: String? = nil) -> HTTPResponse {
        var fields: HTTPFields = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept,
        ]
        if let agreed { fields.add("Sec-WebSocket-Protocol", agreed) }
        return HTTPResponse(status: 101, fields: fields)
    }

    /// Returns true if the text is 16 bytes in Base64: 22 digits and two `=`.
    private static func isKey(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[22] == 0x3D, bytes[23] == 0x3D else { return false }
        return bytes.prefix(22).allSatisfy { byte in
            switch byte {
            case 0x2B, 0x2F, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: false
            }
        }
    }
}

/// The reason why an opening handshake fails (RFC 6455 §4).
package struct WebSocketHandshakeError: Error, Equatable, Sendable {
    /// One sentence for error messages; contains no bytes of the peer.
    package let message: String

    private init(_ message: String) { self.message = message }

    package static let notAnUpgradeRequest = Self("A WebSocket request must use GET and HTTP/1.1.")
    package static let missingUpgrade = Self("Upgrade or Connection does not name a WebSocket.")
    package static let malformedKey = Self("Sec-WebSocket-Key is malformed.")
    package static let unsupportedVersion = Self("Only version 13 of WebSocket is supported.")
    package static func refused(status: Int) -> Self {
        Self("The server answered with status \(status).")
    }
    package static let wrongAccept = Self("Sec-WebSocket-Accept is wrong.")
    /// The server selected an extension or a subprotocol that the client did not offer.
    package static let unofferedOption = Self(
        "The server selected an option that was not offered.")

    /// The response that refuses the request; it names the supported version if necessary (§4.4).
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
