// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPLimitTests {
    @Test(arguments: [-1, 0, 1]) func `a head may be exactly as large as the limit`(_ over: Int) {
        let limits = HTTPLimits(headBytes: 200)
        let start = "GET / HTTP/1.1\nHost: h\nX: "
        let used = lines(start + "\n\n").count
        let head = lines(start + String(repeating: "x", count: 200 - used + over) + "\n\n")
        #expect(head.count == 200 + over)
        for cuts in [[], [100], [199], Array(head.indices)] {
            let outcome = requests(head, cuts: cuts, limits: limits)
            #expect(outcome.values.count == (over > 0 ? 0 : 1))
            #expect(outcome.failure == (over > 0 ? .headTooLarge(limit: 200) : nil))
        }
    }

    @Test(arguments: [-1, 0, 1]) func `a head may have as many fields as the limit`(_ over: Int) {
        let limits = HTTPLimits(fieldCount: 20)
        let more = String(repeating: "X: y\n", count: 19 + over)
        let outcome = requests(lines("GET / HTTP/1.1\nHost: h\n\(more)\n"), limits: limits)
        #expect(outcome.values.first?.fields.count == (over > 0 ? nil : 20 + over))
        #expect(outcome.failure == (over > 0 ? .tooManyFields(limit: 20) : nil))
    }

    @Test(arguments: [-1, 0, 1]) func `a body may be as large as the limit`(_ over: Int) {
        let limits = HTTPLimits(bodyBytes: 50)
        let body = String(repeating: "b", count: 50 + over)
        let plain = lines("POST / HTTP/1.1\nHost: h\nContent-Length: \(body.count)\n\n\(body)")
        let half = 20
        let rest = body.count - half
        let chunked = lines(
            "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n"
                + "\(String(half, radix: 16))\n\(body.prefix(half))\n"
                + "\(String(rest, radix: 16))\n\(body.suffix(rest))\n0\n\n")
        for bytes in [plain, chunked] {
            let outcome = requests(bytes, limits: limits)
            #expect(outcome.values.first?.body.count == (over > 0 ? nil : 50 + over))
            #expect(outcome.failure == (over > 0 ? .bodyTooLarge(limit: 50) : nil))
        }
    }

    @Test func `a body that is too large is refused before any of it arrives`() {
        let head = lines("POST / HTTP/1.1\nHost: h\nContent-Length: 10241\n\n")
        #expect(requests(head).failure == .bodyTooLarge(limit: 10_240))
    }

    @Test(arguments: [-1, 0, 1]) func `a chunk's size line may be 256 bytes`(_ over: Int) {
        let line = "1;" + String(repeating: "e", count: 254 + over)
        let head = "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n"
        let bytes = lines(head + line + "\na\n0\n\n")
        for cuts in [[], Array(bytes.indices)] {
            let outcome = requests(bytes, cuts: cuts)
            #expect(outcome.values.count == (over > 0 ? 0 : 1))
            #expect(outcome.failure == (over > 0 ? .malformedChunkSize : nil))
        }
        let zeros = String(repeating: "0", count: 255 + over) + "1"
        let padded = requests(lines(head + zeros + "\na\n0\n\n"))
        #expect(padded.failure == (over > 0 ? .malformedChunkSize : nil))
    }

    @Test(arguments: [-1, 0, 1]) func `a trailer section may be as large as the limit`(
        _ over: Int
    ) {
        let limits = HTTPLimits(fieldCount: 3, trailerBytes: 100)
        let head = "POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n0\n"
        // Two lines and the empty line: A: …CRLF, B: …CRLF, CRLF.
        let trailer =
            "A: " + String(repeating: "a", count: 40) + "\nB: "
            + String(repeating: "b", count: 100 - 40 - 12 + over) + "\n\n"
        #expect(lines(trailer).count == 100 + over)
        let bytes = lines(head + trailer)
        for cuts in [[], Array(bytes.indices)] {
            let outcome = requests(bytes, cuts: cuts, limits: limits)
            #expect(outcome.failure == (over > 0 ? .trailerTooLarge(limit: 100) : nil))
        }
        let many = String(repeating: "A: b\n", count: 3 + over)
        let counted = requests(lines(head + many + "\n"), limits: limits)
        #expect(counted.failure == (over > 0 ? .tooManyFields(limit: 3) : nil))
    }

    @Test func `a length may be as large as an Int if there is no limit`() {
        let limits = HTTPLimits(bodyBytes: .max)
        let head = "POST / HTTP/1.1\nHost: h\nContent-Length: "
        #expect(requests(lines(head + "9223372036854775807\n\n"), limits: limits).failure == nil)
        #expect(
            requests(lines(head + "9223372036854775808\n\n"), limits: limits).failure
                == .bodyTooLarge(limit: .max))
    }
}
