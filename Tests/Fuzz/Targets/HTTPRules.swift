// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of HTTP for any bytes of a peer.
enum HTTPRules {
    private static let limits = HTTPLimits(headBytes: 1_024, fieldCount: 8, bodyBytes: 256)

    /// Checks that requests are parsed the same in any pieces and keep their limits.
    static func requests(_ bytes: [UInt8]) {
        let whole = read([bytes], requestsOf)
        let cut = read(Pieces(bytes).map { $0 }, requestsOf)
        hold("requests do not depend on how they are cut", whole == cut)
        for request in whole.values {
            hold("a body is within its limit", request.body.count <= limits.bodyBytes)
            hold("fields are within their limit", request.fields.list.count <= limits.fieldCount)
            for (name, value) in request.fields.list {
                let forbidden = (name + value).utf8.contains { $0 == 13 || $0 == 10 || $0 == 0 }
                hold("a field holds no line break", !forbidden)
            }
        }
    }

    /// Checks that responses are parsed the same in any pieces and keep their limits.
    static func responses(_ bytes: [UInt8]) {
        let whole = read([bytes], responsesOf)
        let cut = read(Pieces(bytes).map { $0 }, responsesOf)
        hold("responses do not depend on how they are cut", whole == cut)
        for response in whole.values {
            hold("a body is within its limit", response.body.count <= limits.bodyBytes)
            hold("a status has three digits", (100...999).contains(response.status))
        }
    }

    /// The parsed values, and the error if there was one.
    private struct Outcome<Value: Equatable>: Equatable {
        var values: [Value] = []
        var error: HTTPError?
    }

    private static func read<Value>(
        _ pieces: [[UInt8]], _ all: ([[UInt8]], inout [Value]) throws(HTTPError) -> Void
    ) -> Outcome<Value> {
        var outcome = Outcome<Value>()
        do {
            try all(pieces, &outcome.values)
        } catch {
            outcome.error = error
            hold("a refusal has a status of its own", (400...599).contains(error.status))
        }
        return outcome
    }

    private static func requestsOf(
        _ pieces: [[UInt8]], into values: inout [HTTPRequest]
    ) throws(HTTPError) {
        var parser = HTTPRequestParser(limits: limits)
        for piece in pieces {
            parser.append(piece.span)
            while let request = try parser.next() { values.append(request) }
        }
    }

    private static func responsesOf(
        _ pieces: [[UInt8]], into values: inout [HTTPResponse]
    ) throws(HTTPError) {
        var parser = HTTPResponseParser(limits: limits)
        for piece in pieces {
            parser.append(piece.span)
            while let response = try parser.next() { values.append(response) }
        }
        if let last = try parser.closedByPeer() { values.append(last) }
    }
}
