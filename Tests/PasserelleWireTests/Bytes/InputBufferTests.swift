// SPDX-License-Identifier: MIT

@testable import PasserelleWire
import Testing

struct InputBufferTests {
    @Test func `a new buffer holds no storage`() {
        let buffer = InputBuffer()
        #expect(buffer.isEmpty)
        #expect(buffer.count == 0)
        #expect(buffer.capacity == 0)
    }

    @Test func `consuming the last byte frees the storage`() {
        var buffer = InputBuffer()
        buffer.append(Array("hello".utf8).span)
        buffer.consume(4)
        #expect(buffer.count == 1)
        #expect(buffer.capacity > 0)
        buffer.consume(1)
        #expect(buffer.isEmpty)
        #expect(buffer.capacity == 0)
    }

    @Test func `bytes leave in the order of arrival, in pieces of any size`() {
        var buffer = InputBuffer()
        var out: [UInt8] = []
        var next: UInt8 = 0
        for round in 1...200 {
            for _ in 0..<round % 7 {
                buffer.append([next].span)
                next &+= 1
            }
            buffer.move(min(buffer.count, round % 5), to: &out)
        }
        out += buffer.takeAll()
        #expect(out == (0..<out.count).map { UInt8(truncatingIfNeeded: $0) })
        #expect(out.count == (1...200).reduce(0) { $0 + $1 % 7 })
        #expect(buffer.capacity == 0)
    }

    @Test func `take consumes no byte if the parser needs more`() throws {
        var buffer = InputBuffer()
        buffer.append(Array("abc".utf8))
        let nothing: Int? = buffer.take { _ in nil }
        #expect(nothing == nil)
        #expect(buffer.count == 3)
        let first = buffer.take { (used: 1, value: $0[0]) }
        #expect(first == 0x61)
        #expect(buffer[0] == 0x62)
        #expect(buffer.read { $0.count } == 2)
    }

    @Test func `take rethrows the parser's error and keeps the bytes`() {
        struct Refused: Error, Equatable {}
        var buffer = InputBuffer()
        buffer.append([1, 2, 3])
        #expect(throws: Refused()) {
            let _: Int? = try buffer.take { (_: Span<UInt8>) throws(Refused) in throw Refused() }
        }
        #expect(buffer.takeAll() == [1, 2, 3])
    }
}
