// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct LineSplitterTests {
    /// Returns the lines, with `nil` for each line that was too long.
    private func lines(_ pieces: [[UInt8]], limit: Int = 65_536) -> [String?] {
        var splitter = LineSplitter(limit: limit)
        var lines: [String?] = []
        for piece in pieces {
            splitter.append(piece.span)
            while true {
                do {
                    guard let line = try splitter.next() else { break }
                    lines.append(String(decoding: line, as: UTF8.self))
                } catch {
                    #expect(error == .tooLong(limit: limit))
                    lines.append(nil)
                }
            }
        }
        return lines
    }

    private static let text = Array(
        "PING\n\nSUBSCRIBE é\r\n\r\nway too long a line\r\nQUIT\rX\nrest".utf8)

    @Test(arguments: 0...text.count)
    func `the same bytes give the same lines in any two pieces`(cut: Int) {
        let text = Self.text
        let expected = ["PING", "", "SUBSCRIBE é", "", nil, "QUIT\rX"]
        #expect(lines([Array(text[..<cut]), Array(text[cut...])], limit: 13) == expected)
        #expect(lines(text.map { [$0] }, limit: 13) == expected)
    }

    @Test func `a line has at most as many bytes as the limit`() {
        for limit in [1, 5, LineSplitter.maximumLength] {
            for count in [limit - 1, limit] {
                let line = String(repeating: "a", count: count)
                #expect(lines([Array((line + "\nb\n").utf8)], limit: limit) == [line, "b"])
            }
            let line = String(repeating: "a", count: limit + 1)
            #expect(lines([Array((line + "\nb\n").utf8)], limit: limit) == [nil, "b"])
        }
        #expect(LineSplitter.maximumLength == 65_536)
    }

    @Test func `a line that is too long throws at once, only once, and is not kept`() throws {
        var splitter = LineSplitter(limit: 4)
        splitter.append(Array("abcde".utf8).span)
        #expect(throws: LineError.tooLong(limit: 4)) { try splitter.next() }
        for _ in 0..<100 {
            splitter.append([UInt8](repeating: 0x61, count: 1_000).span)
            #expect(try splitter.next() == nil)
            #expect(splitter.isEmpty)
        }
        splitter.append(Array("\nok\n".utf8).span)
        #expect(try splitter.next() == Array("ok".utf8))
        #expect(splitter.isEmpty)
    }

    @Test func `no bytes are held between lines`() throws {
        var splitter = LineSplitter()
        #expect(splitter.isEmpty)
        splitter.append(Array("a\nb".utf8).span)
        #expect(try splitter.next() == [0x61])
        #expect(try splitter.next() == nil)
        #expect(!splitter.isEmpty)
        splitter.append([0x0A].span)
        #expect(try splitter.next() == [0x62])
        #expect(splitter.isEmpty)
    }
}
