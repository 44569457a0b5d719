// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPMutationTests {
    static let telling = Array("\r\n\r\n :;,\t\u{0}0159afF-+/?*%\u{7F}\u{80}".utf8)

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `spoiled requests never trap, and cuts change nothing`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.spoil(HTTPRequestParserTests.pipeline, with: Self.telling)
            let whole = requests(bytes)
            #expect(requests(bytes, cuts: mutation.cuts(bytes.count)) == whole)
            #expect(whole.values.allSatisfy { $0.fields.count <= 100 && $0.body.count <= 10_240 })
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `spoiled responses never trap, and cuts change nothing`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.spoil(HTTPResponseParserTests.stream, with: Self.telling)
            let whole = responses(bytes, closing: true)
            #expect(
                responses(bytes, cuts: mutation.cuts(bytes.count), closing: true) == whole)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `a request that was read and written again reads the same`(_ seed: UInt64) {
        var mutation = Mutation(seed: seed)
        for _ in 0..<100 {
            let bytes = mutation.spoil(HTTPRequestParserTests.pipeline, with: Self.telling)
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
