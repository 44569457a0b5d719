// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole requests, pipelined ones in turn (RFC 9112).
///
/// Append what comes, then ask `next` until it gives `nil`. After an error every further `next`
/// throws the same. Between requests no heap memory is held.
package struct HTTPRequestParser: Sendable {
    private let limits: HTTPLimits
    private var input = InputBuffer()
    private var head = HTTPHead()
    /// Whose body is awaited.
    private var pending: HTTPRequest?
    /// Tells whether a head is complete and its body awaited.
    package private(set) var hasHead = false
    private var body: HTTPBody
    private var hasSkippedLine = false
    private var expectsContinue = false
    private var failure: HTTPError?

    /// Makes a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        body = HTTPBody(.bytes(0), limits: limits)
    }

    /// Takes in what the client has sent.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard failure == nil else { return }
        input.append(bytes)
    }

    /// Gives the next whole request, or `nil` when only part has come.
    package mutating func next() throws(HTTPError) -> HTTPRequest? {
        if let failure { throw failure }
        do throws(HTTPError) {
            if !hasHead {
                guard try parseHead() else { return nil }
            }
            return try parseBody()
        } catch {
            failure = error
            input = InputBuffer()
            pending = nil
            hasHead = false
            throw error
        }
    }

    /// Tells whether no part of a request is held.
    package var isIdle: Bool { !hasHead && input.isEmpty }

    /// Tells once that the client waits for `100 Continue` before it sends the body it announced.
    package mutating func takeExpectsContinue() -> Bool {
        defer { expectsContinue = false }
        return expectsContinue && hasHead
    }

    /// Gives the bytes behind the last request, for the protocol that follows an upgrade.
    package mutating func takeRemainder() -> [UInt8] { input.takeAll() }

    // MARK: - Inside

    private mutating func parseHead() throws(HTTPError) -> Bool {
        while !input.isEmpty {
            guard let end = try findHead() else { return false }
            if end > 2 {
                try takeHead(end)
                return true
            }
            // One empty line before a request is passed over (RFC 9112 §2.2), a second is not.
            guard !hasSkippedLine else { throw .malformedStartLine }
            hasSkippedLine = true
            input.consume(2)
            head = HTTPHead()
        }
        return false
    }

    private mutating func findHead() throws(HTTPError) -> Int? {
        var scan = head
        defer { head = scan }
        let limits = limits
        return try input.read { (span: Span<UInt8>) throws(HTTPError) in
            try scan.end(in: span, limits: limits)
        }
    }

    private mutating func takeHead(_ end: Int) throws(HTTPError) {
        let fieldCount = head.fieldCount
        var request = try input.read { (span: Span<UInt8>) throws(HTTPError) in
            try HTTPRequestParser.request(span.extracting(0..<end), fieldCount: fieldCount)
        }
        try HTTPRequestTarget.settle(&request)
        let length = try request.fields.bodyLength(
            version: request.version, limit: limits.bodyBytes)
        input.consume(end)
        head = HTTPHead()
        hasSkippedLine = false
        body = HTTPBody(length == .unsaid ? .bytes(0) : length, limits: limits)
        expectsContinue =
            request.version == .http11 && input.isEmpty && !body.isComplete
            && request.fields.hasToken("expect", "100-continue")
        pending = request
        hasHead = true
    }

    private static func request(
        _ head: Span<UInt8>, fieldCount: Int
    ) throws(HTTPError) -> HTTPRequest {
        let line = try HTTPStartLine.request(head)
        let fields = try HTTPHead.fields(
            head.extracting(droppingLast: 2), from: line.end, count: fieldCount)
        return HTTPRequest(
            method: line.method, target: line.target, fields: fields, version: line.version)
    }

    private mutating func parseBody() throws(HTTPError) -> HTTPRequest? {
        guard var request = pending.take() else { return nil }
        guard try body.decode(from: &input, into: &request.body) else {
            pending = request
            return nil
        }
        expectsContinue = false
        hasHead = false
        return request
    }
}
