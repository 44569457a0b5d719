// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct HandoverMessageTests {
    private static let messages: [HandoverMessage] =
        [
            .hello(version: HandoverMessage.version, program: "1.2.3"),
            .listener(name: "ipc", file: "/run/é.sock"), .listener(name: "http", file: nil),
            .wanted(["presence-bail-1", "private-2"]), .wanted([]), .alive, .connected, .lost,
            .answered(["presence-bail-1"]), .complete, .taken, .go, .failed("a reason"), .settled,
        ] + HandoverPart.allCases.map { .part($0, [UInt8]("a part".utf8)) } + [.part(.hub, [])]

    private static let bytes = messages.flatMap(\.encoded)

    private func parse(_ pieces: [[UInt8]]) throws -> [HandoverMessage] {
        var parser = HandoverParser()
        var found: [HandoverMessage] = []
        for piece in pieces {
            parser.append(piece)
            while let message = try parser.next() { found.append(message) }
        }
        return found
    }

    @Test(arguments: 0...bytes.count)
    func `the same bytes give the same messages in any two pieces`(cut: Int) throws {
        let (bytes, messages) = (Self.bytes, Self.messages)
        #expect(try parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == messages)
    }

    @Test func `single bytes give the same messages`() throws {
        #expect(try parse(Self.bytes.map { [$0] }) == Self.messages)
    }

    @Test func `a program that is none of ours is noticed at its first byte`() {
        for text in ["GET / HTTP/1.1\r\n\r\n", "usage: x\n", "\u{0}\u{0}"] {
            #expect(throws: HandoverError.malformed) { try parse([Array(text.utf8)]) }
        }
    }

    @Test func `a frame longer than the limit is refused before it arrives`() {
        #expect(throws: HandoverError.tooLong) { try parse([[8, 0, 0xFF, 0xFF, 0xFF, 0x7F]]) }
    }

    @Test func `a wrong number of descriptors is refused`() {
        var frame = HandoverMessage.listener(name: "http", file: nil).encoded
        frame[1] = 0
        #expect(throws: HandoverError.malformed) { try parse([frame]) }
    }

    @Test func `a later version is recognized, whatever else its hello has`() throws {
        var writer = HandoverWriter()
        writer.number(2)
        writer.text("9.0")
        writer.text("more")
        let frame = [1, 0, UInt8(writer.bytes.count), 0, 0, 0] + writer.bytes
        #expect(try parse([frame]) == [.hello(version: 2, program: "9.0")])
    }

    @Test func `after an error the parser takes nothing more`() {
        var parser = HandoverParser()
        parser.append([99])
        #expect(throws: HandoverError.malformed) { try parser.next() }
        parser.append(Self.bytes)
        #expect(throws: HandoverError.malformed) { try parser.next() }
    }

    @Test(arguments: 0..<2_000)
    func `changed bytes never end the parser otherwise than with an error`(seed: Int) {
        var mutation = Mutation(seed: UInt64(seed))
        let bytes = mutation.damage(Self.bytes, with: [0, 1, 8, 13, 255])
        do {
            _ = try parse([bytes])
        } catch {
            #expect(error is HandoverError)
        }
    }

    @Test func `fields are read as they were written, and no further`() throws {
        var writer = HandoverWriter()
        writer.number(Int64(-5))
        writer.flag(true)
        writer.run(nil)
        writer.run([1, 2])
        writer.text("é")
        writer.texts(["a", ""])
        var reader = HandoverReader(writer.bytes)
        #expect(Int64(truncatingIfNeeded: try reader.number()) == -5)
        #expect(try reader.flag())
        #expect(try reader.run() == nil)
        #expect(try reader.requiredRun() == [1, 2])
        #expect(try reader.requiredText() == "é")
        #expect(try reader.texts() == ["a", ""])
        #expect(reader.isAtEnd)
        #expect(throws: HandoverError.malformed) { try reader.number() }
        for count in writer.bytes.indices {
            var short = HandoverReader(Array(writer.bytes[..<count]))
            #expect(throws: HandoverError.malformed) {
                _ = try short.number()
                _ = try short.flag()
                _ = try short.run()
                _ = try short.requiredRun()
                _ = try short.requiredText()
                _ = try short.texts()
            }
        }
    }
}
