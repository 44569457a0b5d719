// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct WebSocketMutationTests {
    static let significant: [UInt8] = [
        0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0x7D, 0x7E, 0x7F, 0xFE, 0xFF, 0xC3,
        0xED,
    ]

    @Test(arguments: [WebSocketRole.client, .server], 1...20 as ClosedRange<UInt64>)
    func `damaged frames never trap, and parse the same in any pieces`(
        _ role: WebSocketRole, _ seed: UInt64
    ) {
        var mutation = Mutation(seed: seed)
        let good = WebSocketParserTests.conversation(to: role)
        for _ in 0..<100 {
            let bytes = mutation.damage(good, with: Self.significant)
            let whole = messages(bytes, to: role, limit: 1_000)
            let cut = messages(bytes, to: role, cuts: mutation.cuts(bytes.count), limit: 1_000)
            #expect(cut == whole)
            for case .text(let text) in whole.values {
                #expect(String(validating: text, as: UTF8.self) != nil)
            }
        }
    }
}
