// SPDX-License-Identifier: MIT

/// A parser that turns the bytes of one connection into requests, in order (RFC 9112).
///
/// Call `append` with received bytes, then `next` until it returns `nil`. After an error every
/// further `next` throws the same. Between requests the parser holds no heap memory.
package struct HTTPRequestParser: Sendable {
    private let limits: HTTPLimits
    private var input = InputBuffer()
    private var head = HTTPHead()
    /// The request that waits for its body.
    private var pending: HTTPRequest?
    /// True if a head is complete and its body is incomplete.
    package private(set) var isReadingBody = false
    private var body: HTTPBody
    private var hasSkippedEmptyLine = false
    private var expectsContinue = false
    private var failure: HTTPError?

    /// Creates a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        body = HTTPBody(.bytes(0), limits: limits)
    }

    /// Appends bytes received from the client.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard failure == nil else { return }
        input.append(bytes)
    }

    /// Returns the next complete request, or `nil` if it is incomplete.
    package mutating func next() throws(HTTPError) -> HTTPRequest? {
        if let failure { throw failure }
        do throws(HTTPError) {
            if !isReadingBody {
                guard try parseHead() else { return nil }
            }
            return try parseBody()
        } catch {
            failure = error
            input = InputBuffer()
            pending = nil
            isReadingBody = false
            throw error
        }
    }

    /// True if no part of a request is held.
    package var isIdle: Bool { !isReadingBody && input.isEmpty }

    /// The number of received bytes that do not belong to a request returned so far.
    package var waitingBytes: Int { input.count }

    /// The bytes after the last request, if no body is being received.
    package var remainder: [UInt8]? {
        guard !isReadingBody, failure == nil else { return nil }
        var input = input
        return input.takeAll()
    }

    /// Returns true once if the client waits for `100 Continue` before it sends the body.
    package mutating func takeExpectsContinue() -> Bool {
        defer { expectsContinue = false }
        return expectsContinue && isReadingBody
    }

    /// Returns the bytes after the last request, for the protocol that follows an upgrade.
    package mutating func takeRemainder() -> [UInt8] { input.takeAll() }

    // MARK: - Private

    private mutating func parseHead() throws(HTTPError) -> Bool {
        while !input.isEmpty {
            guard let end = try head.end(in: input, limits: limits) else { return false }
            if end > 2 {
                try consumeHead(end)
                return true
            }
            // One empty line before a request is skipped (RFC 9112 §2.2), a second is an error.
            guard !hasSkippedEmptyLine else { throw .malformedStartLine }
            hasSkippedEmptyLine = true
            input.consume(2)
            head = HTTPHead()
        }
        return false
    }

    private mutating func consumeHead(_ end: Int) throws(HTTPError) {
        let fieldCount = head.fieldCount
        var request = try input.read { (span: Span<UInt8>) throws(HTTPError) in
            try HTTPRequestParser.request(span.extracting(0..<end), fieldCount: fieldCount)
        }
        try HTTPRequestTarget.normalize(&request)
        let length = try request.fields.bodyLength(
            version: request.version, limit: limits.bodyBytes)
        input.consume(end)
        head = HTTPHead()
        hasSkippedEmptyLine = false
        body = HTTPBody(length == .unspecified ? .bytes(0) : length, limits: limits)
        expectsContinue =
            request.version == .http11 && input.isEmpty && !body.isComplete
            && request.fields.hasToken("expect", "100-continue")
        pending = request
        isReadingBody = true
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
        isReadingBody = false
        return request
    }
}
