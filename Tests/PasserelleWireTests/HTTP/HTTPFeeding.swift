// SPDX-License-Identifier: MIT

import PasserelleWire

/// Feeds bytes to a request parser, cut at these indices.
func requests(
    _ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()
) -> Outcome<HTTPRequest, HTTPError> {
    var parser = HTTPRequestParser(limits: limits)
    var outcome = Outcome<HTTPRequest, HTTPError>()
    for piece in pieces(bytes, cuts) {
        parser.append(piece.span)
        do throws(HTTPError) {
            while let request = try parser.next() { outcome.values.append(request) }
        } catch {
            outcome.failure = error
        }
    }
    return outcome
}

/// Feeds bytes to a response parser, cut at these indices; then closes if `closing` is true.
func responses(
    _ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits(), closing: Bool = false
) -> Outcome<HTTPResponse, HTTPError> {
    var parser = HTTPResponseParser(limits: limits)
    var outcome = Outcome<HTTPResponse, HTTPError>()
    do throws(HTTPError) {
        for piece in pieces(bytes, cuts) {
            parser.append(piece.span)
            while let response = try parser.next() { outcome.values.append(response) }
        }
        if closing, let last = try parser.closedByPeer() { outcome.values.append(last) }
    } catch {
        outcome.failure = error
    }
    return outcome
}

/// Cuts bytes at these indices; indices after the end are ignored.
func pieces(_ bytes: [UInt8], _ cuts: [Int]) -> [[UInt8]] {
    var out: [[UInt8]] = []
    var start = 0
    for cut in cuts + [bytes.count] where cut >= start && cut <= bytes.count {
        out.append(Array(bytes[start..<cut]))
        start = cut
    }
    return out
}

/// Returns text as bytes, with each LF as CR LF.
func lines(_ text: String) -> [UInt8] {
    text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
}
