// SPDX-License-Identifier: MIT

/// A parser that turns the bytes of one connection into parts of responses (RFC 9112).
///
/// Interim responses are skipped, except for 101, after which no more bytes are parsed. With
/// `bodyBytes: .max` a body may be endless.
package struct HTTPResponseStreamParser: Sendable {
    private enum State: Sendable {
        case head
        case body(isUpgrade: Bool)
        case upgraded
        case failed(HTTPError)
    }

    private let limits: HTTPLimits
    private var input = InputBuffer()
    private var head = HTTPHead()
    private var body: HTTPBody
    private var state = State.head
    private var answersHEAD = false

    /// Creates a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        body = HTTPBody(.bytes(0), limits: limits)
    }

    /// Must be called if the next response answers HEAD and so has no body (RFC 9110 §9.3.2).
    package mutating func requestWasHEAD() { answersHEAD = true }

    /// Appends bytes received from the server.
    package mutating func append(_ bytes: Span<UInt8>) {
        if case .failed = state { return }
        input.append(bytes)
    }

    /// Returns the next part, or `nil` if more bytes are needed.
    package mutating func next() throws(HTTPError) -> HTTPResponsePart? {
        do throws(HTTPError) {
            switch state {
            case .failed(let failure): throw failure
            case .upgraded: return nil
            case .head: return try parseHead()
            case .body(let isUpgrade): return try parseBody(isUpgrade)
            }
        } catch {
            fail(error)
            throw error
        }
    }

    /// Handles the end of the connection; throws if a response is incomplete.
    ///
    /// If the close ends the body, `next` returns the rest of the body and its end.
    package mutating func closedByPeer() throws(HTTPError) {
        switch state {
        case .failed(let failure): throw failure
        case .upgraded: return
        case .head:
            if input.isEmpty { return }
        case .body:
            if body.isComplete || body.closedByPeer() { return }
        }
        fail(.cutShort)
        throw .cutShort
    }

    /// Returns the bytes after the last response, for the protocol that follows an upgrade.
    package mutating func takeRemainder() -> [UInt8] { input.takeAll() }

    // MARK: - Private

    private mutating func fail(_ error: HTTPError) {
        state = .failed(error)
        input = InputBuffer()
    }

    private mutating func parseHead() throws(HTTPError) -> HTTPResponsePart? {
        while !input.isEmpty {
            guard let end = try head.end(in: input, limits: limits) else { return nil }
            let fieldCount = head.fieldCount
            let response = try input.read { (span: Span<UInt8>) throws(HTTPError) in
                try HTTPResponseStreamParser.response(
                    span.extracting(0..<end), fieldCount: fieldCount)
            }
            input.consume(end)
            head = HTTPHead()
            if response.status < 200, response.status != 101 { continue }
            body = HTTPBody(try bodyLength(response), limits: limits)
            state = .body(isUpgrade: response.status == 101)
            answersHEAD = false
            return .head(response)
        }
        return nil
    }

    private static func response(
        _ head: Span<UInt8>, fieldCount: Int
    ) throws(HTTPError) -> HTTPResponse {
        let line = try HTTPStartLine.status(head)
        let fields = try HTTPHead.fields(
            head.extracting(droppingLast: 2), from: line.end, count: fieldCount)
        return HTTPResponse(status: line.status, fields: fields, version: line.version)
    }

    private func bodyLength(_ response: HTTPResponse) throws(HTTPError) -> HTTPBodyLength {
        switch response.status {
        case 101, 204, 304: .bytes(0)
        case _ where answersHEAD: .bytes(0)
        default:
            try response.fields.bodyLength(version: response.version, limit: limits.bodyBytes)
        }
    }

    private mutating func parseBody(_ isUpgrade: Bool) throws(HTTPError) -> HTTPResponsePart? {
        var part: [UInt8] = []
        let isComplete = try body.decode(from: &input, into: &part)
        if !part.isEmpty { return .body(part) }
        guard isComplete else { return nil }
        state = isUpgrade ? .upgraded : .head
        return .end
    }
}

/// A part of a response.
package enum HTTPResponsePart: Equatable, Sendable {
    /// The head; its `body` is empty.
    case head(HTTPResponse)
    /// More of the body after transfer decoding; never empty.
    case body([UInt8])
    /// The end of the body, once per response, even if the response has no body.
    case end
}
