// SPDX-License-Identifier: MIT

/// An encoder for HTTP messages (RFC 9112).
///
/// The writer determines lengths and transfer codings; such fields of the caller are left out. The
/// status line names HTTP/1.1 for every client (RFC 9110 §2.5).
package enum HTTPWriter {
    /// Returns a request; has `Content-Length` if there is a body or the method expects one.
    ///
    /// Bytes that would break the request line are escaped, or left out of the method.
    package static func request(_ request: HTTPRequest) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256 + request.body.count)
        for byte in request.method.utf8 where HTTPSyntax.isToken(byte) { out.append(byte) }
        out.append(0x20)
        for byte in request.target.utf8 {
            if byte > 0x20, byte < 0x7F {
                out.append(byte)
            } else {
                HTTPTarget.escape(byte, into: &out)
            }
        }
        out.append(
            contentsOf: (request.version == .http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n").utf8)
        request.fields.write(into: &out, framing: false)
        if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            length(request.body.count, &out)
        }
        out.append(contentsOf: "\r\n".utf8)
        out.append(contentsOf: request.body)
        return out
    }

    /// Returns a complete response to a client of this version, with its length if it has a body.
    ///
    /// A response to HEAD has the length only; 204, 304 and 1xx have no body.
    package static func response(
        _ response: HTTPResponse, version: HTTPVersion = .http11, keepAlive: Bool,
        isHEAD: Bool = false
    ) -> [UInt8] {
        var out = head(
            of: response, bodyBytes: response.body.count, version: version, keepAlive: keepAlive,
            isHEAD: isHEAD)
        if hasBody(response), !isHEAD { out.append(contentsOf: response.body) }
        return out
    }

    /// Returns the head of a response; a body of `bodyBytes` bytes must follow.
    package static func head(
        of response: HTTPResponse, bodyBytes: Int, version: HTTPVersion = .http11,
        keepAlive: Bool, isHEAD: Bool = false
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256 + response.body.count)
        statusLine(response.status, &out)
        // The response to HEAD, and a 304, may give the length of the body that is not sent.
        let statesLength = (isHEAD || response.status == 304) && bodyBytes == 0
        response.fields.write(into: &out, framing: statesLength)
        if hasBody(response), !(statesLength && response.fields.contains("content-length")) {
            length(bodyBytes, &out)
        }
        if response.status >= 200 { connection(version, keepAlive, response.fields, &out) }
        out.append(contentsOf: "\r\n".utf8)
        return out
    }

    /// Returns the head of a response of unknown length.
    ///
    /// The body is chunked for an HTTP/1.1 client, and ended by closing for an HTTP/1.0 client.
    package static func streamHead(
        status: Int, fields: HTTPFields, version: HTTPVersion, keepAlive: Bool = true
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        statusLine(status, &out)
        fields.write(into: &out, framing: false)
        if version == .http11 { out.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8) }
        connection(version, keepAlive && version == .http11, fields, &out)
        out.append(contentsOf: "\r\n".utf8)
        return out
    }

    /// Appends one chunk; empty data is ignored, since an empty chunk would end the body.
    package static func chunk(_ data: Span<UInt8>, into out: inout [UInt8]) {
        guard data.count > 0 else { return }
        chunkSize(data.count, into: &out)
        out.append(copying: data)
        out.append(contentsOf: "\r\n".utf8)
    }

    /// Appends the size line of a chunk; its data and a CR LF must follow.
    package static func chunkSize(_ count: Int, into out: inout [UInt8]) {
        out.append(contentsOf: String(count, radix: 16).utf8)
        out.append(contentsOf: "\r\n".utf8)
    }

    /// The end of a chunked body.
    package static let lastChunk: [UInt8] = Array("0\r\n\r\n".utf8)

    /// The interim response that lets a waiting client send its body (RFC 9110 §15.2.1).
    package static let continueResponse: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    // MARK: - Private

    private static func hasBody(_ response: HTTPResponse) -> Bool {
        response.status >= 200 && response.status != 204 && response.status != 304
    }

    private static func statusLine(_ status: Int, _ out: inout [UInt8]) {
        precondition((100...999).contains(status), "a status must have three digits")
        out.append(contentsOf: "HTTP/1.1 ".utf8)
        out.append(contentsOf: String(status).utf8)
        out.append(0x20)
        out.append(contentsOf: HTTPReason.phrase(status).utf8)
        out.append(contentsOf: "\r\n".utf8)
    }

    private static func length(_ count: Int, _ out: inout [UInt8]) {
        out.append(contentsOf: "Content-Length: ".utf8)
        out.append(contentsOf: String(count).utf8)
        out.append(contentsOf: "\r\n".utf8)
    }

    private static func connection(
        _ version: HTTPVersion, _ keepAlive: Bool, _ fields: HTTPFields, _ out: inout [UInt8]
    ) {
        if !keepAlive {
            if !fields.hasToken("connection", "close") {
                out.append(contentsOf: "Connection: close\r\n".utf8)
            }
        } else if version == .http10 {
            out.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
    }
}

/// The reason phrases of the status line, which are for human readers only (RFC 9110 §15).
enum HTTPReason {
    /// Returns the phrase for a status; empty if it has none.
    static func phrase(_ status: Int) -> String { phrases[status] ?? "" }

    private static let phrases = [
        100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created", 202: "Accepted",
        204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found",
        303: "See Other", 304: "Not Modified", 307: "Temporary Redirect",
        308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
        404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
        408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required",
        413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
        417: "Expectation Failed", 421: "Misdirected Request", 422: "Unprocessable Content",
        426: "Upgrade Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
        504: "Gateway Timeout", 505: "HTTP Version Not Supported",
    ]
}
