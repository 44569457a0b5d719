// SPDX-License-Identifier: MIT

@testable import PasserelleWire
import Testing

struct WebSocketParserTests {
    @Test func `the examples of the RFC are parsed`() {
        let hello: [UInt8] = [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]
        #expect(messages(hello, to: .client).values == [.text(Array("Hello".utf8))])
        let masked: [UInt8] = [
            0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58,
        ]
        #expect(messages(masked, to: .server).values == [.text(Array("Hello".utf8))])
        let fragments: [UInt8] = [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]
        #expect(messages(fragments, to: .client).values == [.text(Array("Hello".utf8))])
        let ping: [UInt8] = [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]
        #expect(messages(ping, to: .client).values == [.ping(Array("Hello".utf8))])
        let pong: [UInt8] = [
            0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58,
        ]
        #expect(messages(pong, to: .server).values == [.pong(Array("Hello".utf8))])
        let short: [UInt8] = [0x82, 0x7E, 0x01, 0x00] + [UInt8](repeating: 7, count: 256)
        #expect(messages(short, to: .client).values == [.binary(Array(short.dropFirst(4)))])
        let long: [UInt8] =
            [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 7, count: 65_536)
        #expect(messages(long, to: .client).values == [.binary(Array(long.dropFirst(10)))])
    }

    static func conversation(to role: WebSocketRole) -> [UInt8] {
        let parts = [
            frame(.text, "héllo ✓ 𐍈", to: role), frame(.text, "", to: role),
            frame(.binary, "fr", to: role, isFinal: false), frame(.ping, "p", to: role),
            frame(.continuation, "", to: role, isFinal: false), frame(.pong, "", to: role),
            frame(.continuation, "agments", to: role),
            frame(.text, "é", to: role, isFinal: false), frame(.continuation, "", to: role),
            frame(.binary, String(repeating: "x", count: 130), to: role),
            WebSocketWriter.close(
                code: 4001, reason: "bye ✓", mask: role == .server ? exampleMask : nil),
            frame(.text, "after the end", to: role),
        ]
        return parts.flatMap(\.self)
    }

    static let received: [WebSocketMessage] = [
        .text(Array("héllo ✓ 𐍈".utf8)), .text([]), .ping(Array("p".utf8)), .pong([]),
        .binary(Array("fragments".utf8)), .text(Array("é".utf8)),
        .binary([UInt8](repeating: 0x78, count: 130)), .close(code: 4001, reason: "bye ✓"),
    ]

    @Test(arguments: [WebSocketRole.client, .server])
    func `the same bytes give the same messages in any pieces`(_ role: WebSocketRole) {
        let bytes = Self.conversation(to: role)
        let expected = Outcome<WebSocketMessage, WebSocketError>(values: Self.received)
        for cut in 0...bytes.count {
            #expect(messages(bytes, to: role, cuts: [cut]) == expected)
        }
        #expect(messages(bytes, to: role, cuts: Array(bytes.indices)) == expected)
        for step in 2...9 {
            let cuts = Array(stride(from: step, to: bytes.count, by: step))
            #expect(messages(bytes, to: role, cuts: cuts) == expected)
        }
    }

    @Test func `text may be fragmented inside a character`() {
        let text = Array("a𐍈é".utf8)
        for first in 0...text.count {
            for second in first...text.count {
                let bytes =
                    WebSocketWriter.frame(.text, Array(text[..<first]), mask: nil, isFinal: false)
                    + WebSocketWriter.frame(
                        .continuation, Array(text[first..<second]), mask: nil, isFinal: false)
                    + WebSocketWriter.frame(.continuation, Array(text[second...]), mask: nil)
                #expect(messages(bytes, to: .client).values == [.text(text)])
            }
        }
    }

    @Test(arguments: [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_001], [nil, exampleMask])
    func `encoded frames survive parsing`(_ count: Int, _ mask: UInt32?) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = WebSocketWriter.frame(.binary, payload, mask: mask)
        let role: WebSocketRole = mask == nil ? .client : .server
        #expect(messages(bytes, to: role).values == [.binary(payload)])
        #expect(messages(bytes, to: role, cuts: [1, 3, 11, 20_001]).values == [.binary(payload)])
    }

    @Test func `a parser is idle between messages but not inside one`() throws {
        var parser = WebSocketParser(role: .client, messageBytes: 100)
        #expect(parser.isIdle)
        parser.append([0x01].span)
        #expect(try parser.next() == nil)
        #expect(!parser.isIdle)
        parser.append([0x00].span)
        #expect(try parser.next() == nil)
        #expect(!parser.isIdle)
        parser.append([0x80, 0x01, 0x61].span)
        #expect(try parser.next() == .text([0x61]))
        #expect(parser.isIdle)
    }

    @Test func `a close frame may be empty, and may have every allowed code`() {
        #expect(messages([0x88, 0x00], to: .client).values == [.close(code: nil, reason: "")])
        let allowed: [UInt16] = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
            4000, 4999,
        ]
        for code in allowed {
            let bytes: [UInt8] = [0x88, 0x02, UInt8(code >> 8), UInt8(code & 255)]
            #expect(messages(bytes, to: .client).values == [.close(code: code, reason: "")])
            #expect(WebSocketWriter.close(code: code, reason: "", mask: nil) == bytes)
        }
    }
}
