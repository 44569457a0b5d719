// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct WebSocketHandshakeTests {
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    @Test func `a request has version 13 and passes the server's check`() throws {
        let request = WebSocketHandshake.request(
            host: "h:80", target: "/chat?x", key: Self.key, extra: ["Origin": "http://h"])
        let read = requests(HTTPWriter.request(request)).values
        #expect(read == [request])
        #expect(try WebSocketHandshake.checkRequest(request) == Self.key)
        #expect(
            WebSocketHandshake.acceptInput(key: Self.key)
                == Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    }

    @Test func `a response with a subprotocol passes the client's check`() throws {
        let response = WebSocketHandshake.response(accept: Self.accept, agreed: "chat")
        let read = responses(HTTPWriter.response(response, keepAlive: true)).values
        #expect(read == [response])
        try WebSocketHandshake.checkResponse(
            response, accept: Self.accept, offered: ["other", "chat"])
    }

    @Test(
        arguments: [
            ("Upgrade", nil, .missingUpgrade), ("Upgrade", "h2c", .missingUpgrade),
            ("Connection", nil, .missingUpgrade), ("Connection", "keep-alive", .missingUpgrade),
            ("Sec-WebSocket-Version", nil, .unsupportedVersion),
            ("Sec-WebSocket-Version", "8", .unsupportedVersion),
            ("Sec-WebSocket-Key", nil, .malformedKey),
            ("Sec-WebSocket-Key", "short", .malformedKey),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", .malformedKey),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ===", .malformedKey),
            ("Sec-WebSocket-Key", "dGhl!HNhbXBsZSBub25jZQ==", .malformedKey),
        ] as [(String, String?, WebSocketHandshakeError)])
    func `a request for another protocol is refused`(
        _ name: String, _ value: String?, _ error: WebSocketHandshakeError
    ) {
        var request = WebSocketHandshake.request(host: "h", target: "/", key: Self.key)
        request.fields.remove(name)
        if let value { request.fields.add(name, value) }
        #expect(throws: error) { try WebSocketHandshake.checkRequest(request) }
        #expect((400..<500).contains(error.response.status))
    }

    @Test func `a browser's request with keep-alive and extensions is accepted`() throws {
        var request = WebSocketHandshake.request(host: "h", target: "/", key: Self.key)
        request.fields.set("Connection", "keep-alive, Upgrade")
        request.fields.set("Upgrade", "WebSocket")
        request.fields.add("Sec-WebSocket-Extensions", "permessage-deflate")
        #expect(try WebSocketHandshake.checkRequest(request) == Self.key)
    }

    @Test func `a request with another method or HTTP version is refused`() {
        var request = WebSocketHandshake.request(host: "h", target: "/", key: Self.key)
        request.method = "POST"
        #expect(throws: WebSocketHandshakeError.notAnUpgradeRequest) {
            try WebSocketHandshake.checkRequest(request)
        }
        request.method = "GET"
        request.version = .http10
        #expect(throws: WebSocketHandshakeError.notAnUpgradeRequest) {
            try WebSocketHandshake.checkRequest(request)
        }
    }

    @Test func `another WebSocket version is refused with the supported one`() {
        let response = WebSocketHandshakeError.unsupportedVersion.response
        #expect(response.status == 426)
        #expect(response.fields.first("sec-websocket-version") == "13")
    }

    @Test(
        arguments: [
            ("Upgrade", "h2c", .missingUpgrade), ("Connection", "close", .missingUpgrade),
            ("Sec-WebSocket-Accept", "AAAA", .wrongAccept),
            ("Sec-WebSocket-Accept", nil, .wrongAccept),
            ("Sec-WebSocket-Extensions", "permessage-deflate", .unofferedOption),
            ("Sec-WebSocket-Protocol", "chat", .unofferedOption),
        ] as [(String, String?, WebSocketHandshakeError)])
    func `an invalid response is refused`(
        _ name: String, _ value: String?, _ error: WebSocketHandshakeError
    ) {
        var response = WebSocketHandshake.response(accept: Self.accept)
        response.fields.remove(name)
        if let value { response.fields.add(name, value) }
        #expect(throws: error) {
            try WebSocketHandshake.checkResponse(response, accept: Self.accept)
        }
    }

    @Test func `a response other than 101 throws an error with its status`() {
        #expect(throws: WebSocketHandshakeError.refused(status: 403)) {
            try WebSocketHandshake.checkResponse(
                HTTPResponse(status: 403), accept: Self.accept)
        }
    }
}
