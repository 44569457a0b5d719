// SPDX-License-Identifier: MIT

/// Makes and checks both sides of the opening handshake (RFC 6455 §4).
package enum WebSocketHandshake {
    /// Gives a client's request; `key` is 16 random bytes in Base64.
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

    /// Gives the bytes whose SHA-1, in Base64, is the accept value (§4.2.2).
    package static func acceptInput(key: String) -> [UInt8] {
        Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    }

    /// Checks a server's answer to a request that offered those subprotocols and no extension.
    package static func checkResponse(
        _ response: HTTPResponse, accept: String, offered: [String] = []
    ) throws(WebSocketHandshakeError) {
        let fields = response.fields
        guard response.status == 101 else { throw .refused(status: response.status) }
        guard fields.hasToken("upgrade", "websocket"), fields.hasToken("connection", "upgrade")
        else { throw .missingUpgrade }
        guard fields.all("sec-websocket-accept") == [accept] else { throw .wrongAccept }
        guard !fields.contains("sec-websocket-extensions") else { throw .unofferedAgreement }
        let agreed = fields.all("sec-websocket-protocol")
        guard agreed.isEmpty || (agreed.count == 1 && offered.contains(agreed[0])) else {
            throw .unofferedAgreement
        }
    }

    /// Checks a client's request and gives its key.
    ///
    /// Extensions and subprotocols may be offered; nothing needs to be agreed to.
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

    /// Gives a server's answer, agreeing to a subprotocol if one is named.
    package static func response(accept: String, agreed: String? = nil) -> HTTPResponse {
        var fields: HTTPFields = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept,
        ]
        if let agreed { fields.add("Sec-WebSocket-Protocol", agreed) }
        return HTTPResponse(status: 101, fields: fields)
    }

    /// Tells whether the text is 16 bytes in Base64: 22 of its characters and two `=`.
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
