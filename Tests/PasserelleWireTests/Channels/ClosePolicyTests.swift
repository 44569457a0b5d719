// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ClosePolicyTests {
    @Test(
        arguments: [
            (nil, .exponential), (1000, .exponential), (1006, .exponential), (3999, .exponential),
            (4000, .stop), (4001, .stop), (4099, .stop), (4100, .backOff), (4199, .backOff),
            (4200, .reconnectAtOnce), (4201, .reconnectAtOnce), (4299, .reconnectAtOnce),
            (4300, .exponential), (4301, .exponential), (4999, .exponential), (.max, .exponential),
        ] as [(UInt16?, CloseAction)])
    func `each range of codes has its action`(code: UInt16?, action: CloseAction) {
        #expect(ClosePolicy.action(code: code) == action)
        #expect(ClosePolicy.action(errorCode: code.map { Int($0) }) == action)
    }

    @Test func `an error code outside the range of close codes means exponential backoff`() {
        for code in [Int.min, -4000, 0, 69_536, Int.max] {
            #expect(ClosePolicy.action(errorCode: code) == .exponential)
        }
    }
}
