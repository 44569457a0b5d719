// SPDX-License-Identifier: MIT

@testable import PasserelleWire
import Testing

struct WebSocketRefusalTests {
    struct Case: Sendable {
        let bytes: [UInt8]
        let error: WebSocketError
        let role: WebSocketRole

        init(_ bytes: [UInt8], _ error: WebSocketError, to role: WebSocketRole = .client) {
            self.bytes = bytes
            self.error = error
            self.role = role
        }
    }

    static let headers: [Case] = [
        Case([0xC1, 0x00], .reservedBits), Case([0xA1, 0x00], .reservedBits),
        Case([0x91, 0x00], .reservedBits), Case([0x83, 0x00], .reservedOpcode(3)),
        Case([0x87, 0x00], .reservedOpcode(7)), Case([0x8B, 0x00], .reservedOpcode(11)),
        Case([0x8F, 0x00], .reservedOpcode(15)), Case([0x03, 0x00], .reservedOpcode(3)),
        Case([0x81, 0x00], .unmaskedFrame, to: .server),
        Case([0x81, 0x80, 0, 0, 0, 0], .maskedFrame),
        Case([0x89, 0x7E, 0, 126], .longControl), Case([0x8A, 0x7E, 0, 1], .longControl),
        Case([0x88, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1], .longControl),
        Case([0x09, 0x00], .fragmentedControl), Case([0x0A, 0x00], .fragmentedControl),
        Case([0x08, 0x00], .fragmentedControl),
        Case([0x82, 0x7E, 0, 125], .malformedLength),
        Case([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .malformedLength),
        Case([0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], .malformedLength),
        Case([0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .malformedLength),
        Case(
            [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            .messageTooLarge(limit: 1_000_000)),
        Case([0x80, 0x00], .unexpectedContinuation), Case([0x00, 0x00], .unexpectedContinuation),
        Case([0x01, 0x00, 0x81, 0x00], .expectedContinuation),
        Case([0x02, 0x00, 0x02, 0x00], .expectedContinuation),
    ]

    static let texts: [Case] = [
        Case([0x81, 0x01, 0xFF], .malformedText), Case([0x81, 0x01, 0xC3], .malformedText),
        Case([0x81, 0x03, 0xED, 0xA0, 0x80], .malformedText),
        Case([0x81, 0x04, 0xF4, 0x90, 0x80, 0x80], .malformedText),
        Case([0x01, 0x01, 0xC3, 0x80, 0x01, 0x41], .malformedText),
        Case([0x01, 0x01, 0xC3, 0x80, 0x00], .malformedText),
    ]

    static let closes: [Case] =
        [
            Case([0x88, 0x01, 0x03], .malformedClose),
            Case([0x88, 0x03, 0x03, 0xE8, 0xFF], .malformedText),
            Case([0x88, 0x03, 0x03, 0xE8, 0xC3], .malformedText),
        ]
        + ([
            0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
        ] as [UInt16]).map {
            Case([0x88, 0x02, UInt8($0 >> 8), UInt8($0 & 255)], .forbiddenCloseCode($0))
        }

    @Test(arguments: headers + texts + closes)
    func `an invalid frame is refused whole, cut at any byte, and byte by byte`(_ sample: Case) {
        for cuts in [[]] + sample.bytes.indices.map({ [$0] }) + [Array(sample.bytes.indices)] {
            let outcome = messages(sample.bytes, to: sample.role, cuts: cuts)
            #expect(outcome == Outcome(failure: sample.error))
        }
    }

    @Test(arguments: headers + texts + closes)
    func `messages before an invalid frame are still delivered`(_ sample: Case) {
        guard sample.role == .client else { return }
        let outcome = messages(frame(.binary, "ok") + sample.bytes, to: .client)
        #expect(outcome == Outcome(values: [.binary(Array("ok".utf8))], failure: sample.error))
    }

    @Test func `invalid text is refused at its first bad byte, not at the end of its frame`() {
        let bytes: [UInt8] = [0x81, 0x7E, 0x10, 0x00, 0xCE, 0xBA, 0xED, 0xA0]
        #expect(messages(bytes, to: .client).failure == .malformedText)
        #expect(messages(Array(bytes.dropLast()), to: .client).failure == nil)
    }

    @Test(arguments: [-1, 0, 1]) func `a message may be as large as the limit`(_ over: Int) {
        let payload = [UInt8](repeating: 1, count: 300 + over)
        let whole = WebSocketWriter.frame(.binary, payload, mask: nil)
        let parts =
            WebSocketWriter.frame(.binary, Array(payload[..<200]), mask: nil, isFinal: false)
            + WebSocketWriter.frame(.continuation, [], mask: nil, isFinal: false)
            + WebSocketWriter.frame(.continuation, Array(payload[200...]), mask: nil)
        for bytes in [whole, parts] {
            let outcome = messages(bytes, to: .client, limit: 300)
            #expect(outcome.failure == (over > 0 ? .messageTooLarge(limit: 300) : nil))
            #expect(outcome.values == (over > 0 ? [] : [.binary(payload)]))
        }
    }

    @Test func `a message that is too large is refused at its header`() {
        #expect(
            messages([0x82, 0x7E, 0x01, 0x2D], to: .client, limit: 300).failure
                == .messageTooLarge(limit: 300))
        #expect(messages([0x82, 0x7E, 0x01, 0x2C], to: .client, limit: 300).failure == nil)
    }

    @Test(arguments: [124, 125]) func `a control frame may have 125 bytes at any limit`(
        _ count: Int
    ) {
        let payload = [UInt8](repeating: 9, count: count)
        let bytes = WebSocketWriter.frame(.ping, payload, mask: nil)
        #expect(messages(bytes, to: .client, limit: 10).values == [.ping(payload)])
    }

    @Test func `after an error every call throws it, and no bytes are held`() {
        var parser = WebSocketParser(role: .client, messageBytes: 10)
        parser.append([0xFF].span)
        #expect(throws: WebSocketError.reservedBits) { try parser.next() }
        parser.append(frame(.text, "ok").span)
        #expect(throws: WebSocketError.reservedBits) { try parser.next() }
        #expect(parser.isIdle)
    }

    @Test func `each error has its close code and a reason that fits`() {
        #expect(WebSocketError.malformedText.closeCode == 1007)
        #expect(WebSocketError.messageTooLarge(limit: .max).closeCode == 1009)
        for sample in Self.headers + Self.closes where sample.error != .malformedText {
            let isSize = sample.error == .messageTooLarge(limit: 1_000_000)
            #expect(sample.error.closeCode == (isSize ? 1009 : 1002))
            #expect(sample.error.message.utf8.count <= WebSocketWriter.reasonBytes)
        }
    }
}
