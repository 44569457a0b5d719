// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPMutationTests {
    static let significant = Array("\r\n\r\n :;,\t\u{0}0159afF-+/?*%\u{7F}\u{80}".utf8)

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `damaged requests never trap, and parse the same in any pieces`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.damage(HTTPRequestParserTests.pipeline, with: Self.significant)
            let whole = requests(bytes)
            #expect(requests(bytes, cuts: mutation.cuts(bytes.count)) == whole)
            #expect(whole.values.allSatisfy { $0.fields.count <= 100 && $0.body.count <= 10_240 })
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `damaged responses never trap, and parse the same in any pieces`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.damage(HTTPResponseParserTests.stream, with: Self.significant)
            let whole = responses(bytes, closing: true)
            #expect(
                responses(bytes, cuts: mutation.cuts(bytes.count), closing: true) == whole)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `a parsed request survives encoding and parsing`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.damage(HTTPRequestParserTests.pipeline, with: Self.significant)
            for var request in requests(bytes).values {
                let again = requests(HTTPWriter.request(request)).values
                request.fields.remove("transfer-encoding")
                request.fields.remove("content-length")
                var read = again.first
                read?.fields.remove("content-length")
                #expect(again.count == 1)
                #expect(read == request)
            }
        }
    }
}
