// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct WebSocketWriterTests {
    @Test func `the examples of the RFC are encoded`() {
        #expect(
            WebSocketWriter.text("Hello", mask: nil) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(
            WebSocketWriter.text("Hello", mask: exampleMask)
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(
            WebSocketWriter.frame(.text, Array("Hel".utf8), mask: nil, isFinal: false)
                == [0x01, 0x03, 0x48, 0x65, 0x6C])
    }

    @Test(
        arguments: [
            (125, [0x82, 125]), (126, [0x82, 126, 0, 126]), (65_535, [0x82, 126, 0xFF, 0xFF]),
            (65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func `lengths are encoded in their shortest form`(_ count: Int, _ header: [UInt8]) {
        let payload = [UInt8](repeating: 5, count: count)
        #expect(WebSocketWriter.frame(.binary, payload, mask: nil) == header + payload)
    }

    @Test func `a reason is truncated to the limit at a character boundary`() {
        let long = String(repeating: "é", count: 100)
        let bytes = WebSocketWriter.close(code: 1000, reason: long, mask: nil)
        #expect(
            messages(bytes, to: .client).values
                == [.close(code: 1000, reason: String(repeating: "é", count: 61))])
        let exact = String(repeating: "x", count: 123)
        let whole = WebSocketWriter.close(code: 1000, reason: exact, mask: nil)
        #expect(whole.count == 127)
        #expect(messages(whole, to: .client).values == [.close(code: 1000, reason: exact)])
    }

    @Test(arguments: [nil, 0, 1004, 1005, 1006, 1015, 2000, 5000] as [UInt16?])
    func `a code that must not be sent is left out`(_ code: UInt16?) {
        #expect(WebSocketWriter.close(code: code, reason: "why", mask: nil) == [0x88, 0x00])
    }
}
