// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPTargetTests {
    @Test(
        arguments: [
            ("/", []), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a/", ["a", ""]), ("//a", ["", "a"]),
            ("/presence-bail%2D42", ["presence-bail-42"]), ("/a%2Fb/c", ["a/b", "c"]),
            ("/%C3%A9+%2B", ["é++"]), ("/...", ["..."]),
        ] as [(String, [String])])
    func `a path is decoded to its segments`(_ raw: String, _ segments: [String]) throws {
        #expect(try HTTPTarget.decodePath(raw) == segments)
    }

    @Test(
        arguments: [
            ("", .notAPath), ("*", .notAPath), ("a/b", .notAPath), ("/%", .malformedEscape),
            ("/%2", .malformedEscape), ("/%2g", .malformedEscape), ("/%+1", .malformedEscape),
            ("/%FF", .malformedText), ("/%C3", .malformedText), ("/%C0%80", .malformedText),
            ("/a%00b", .malformedText), ("/a/../b", .dotSegment), ("/a/.", .dotSegment),
            ("/%2e%2E/b", .dotSegment),
        ] as [(String, HTTPTargetError)])
    func `an invalid path is refused`(_ raw: String, _ error: HTTPTargetError) {
        #expect(throws: error) { try HTTPTarget.decodePath(raw) }
    }

    @Test(
        arguments: [
            ("", []), ("a=1", ["a", "1"]), ("a=1&b=2&a=3", ["a", "1", "b", "2", "a", "3"]),
            ("a", ["a", ""]), ("&&a=&", ["a", ""]), ("a=b=c", ["a", "b=c"]), ("=x", ["", "x"]),
            ("a+b=c+d%2B", ["a b", "c d+"]), ("%C3%A9=%26%3D", ["é", "&="]),
        ] as [(String, [String])])
    func `a query is decoded to its items in order`(_ raw: String, _ items: [String]) throws {
        #expect(try HTTPTarget.decodeQuery(raw).flatMap { [$0.name, $0.value] } == items)
    }

    @Test(
        arguments: [
            ("a=%", .malformedEscape), ("a=%zz", .malformedEscape), ("%C3=1", .malformedText),
            ("a=%ED%A0%80", .malformedText), ("a=%00", .malformedText),
        ] as [(String, HTTPTargetError)])
    func `an invalid query is refused`(_ raw: String, _ error: HTTPTargetError) {
        #expect(throws: error) { try HTTPTarget.decodeQuery(raw) }
    }

    @Test(arguments: [-1, 0, 1]) func `a query may have 2048 items`(_ over: Int) throws {
        let raw = String(repeating: "a&", count: 2_048 + over)
        if over > 0 {
            #expect(throws: HTTPTargetError.tooManyItems(limit: 2_048)) {
                try HTTPTarget.decodeQuery(raw)
            }
        } else {
            #expect(try HTTPTarget.decodeQuery(raw).count == 2_048 + over)
        }
    }

    @Test(arguments: ["", "plain-._~09AZaz", "a b+c/d?e&f=g%h#é\u{1F600}\r\n\"'"])
    func `an encoded text decodes to the same text`(_ text: String) throws {
        let encoded = HTTPTarget.encode(text)
        #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        #expect(try HTTPTarget.decodeQuery("x=" + encoded).first?.value == text)
        #expect(try HTTPTarget.decodePath("/x" + encoded) == ["x" + text])
        #expect(HTTPTarget.encode("a b/é") == "a%20b%2F%C3%A9")
    }
}
