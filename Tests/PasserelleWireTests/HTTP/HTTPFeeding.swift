// SPDX-License-Identifier: MIT

import PasserelleWire

/// What became of bytes given to a parser: its values, then the error if one came.
struct Outcome<Value: Equatable, Failure: Error & Equatable>: Equatable {
    var values: [Value] = []
    var failure: Failure?
}

/// Feeds requests in pieces of the given sizes, the last as long as is left.
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

/// Feeds responses in pieces, and closes at the end if asked to.
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

/// Cuts bytes at those indices; one behind the end cuts nothing.
func pieces(_ bytes: [UInt8], _ cuts: [Int]) -> [[UInt8]] {
    var out: [[UInt8]] = []
    var start = 0
    for cut in cuts + [bytes.count] where cut >= start && cut <= bytes.count {
        out.append(Array(bytes[start..<cut]))
        start = cut
    }
    return out
}

/// Gives text as bytes, each LF written as CR LF.
func lines(_ text: String) -> [UInt8] {
    text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
}
