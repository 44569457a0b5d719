// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPFieldsTests {
    @Test func `names compare case-insensitively, and order and repeats are kept`() {
        var fields: HTTPFields = ["Cookie": "a=1", "Accept": "*/*", "cookie": "b=2"]
        #expect(fields.first("COOKIE") == "a=1")
        #expect(fields.all("Cookie") == ["a=1", "b=2"])
        #expect(fields.count(of: "cookie") == 2)
        #expect(fields.list.map(\.name) == ["Cookie", "Accept", "cookie"])
        fields.set("Cookie", "c=3")
        #expect(fields.list.map(\.value) == ["*/*", "c=3"])
        #expect(fields.first("missing") == nil)
        #expect(!fields.contains("missing"))
        fields.remove("accept")
        #expect(fields.count == 1)
    }

    @Test(arguments: [
        ("Upgrade", true), ("upgrade", true), ("keep-alive, Upgrade", true),
        ("keep-alive ,\tUPGRADE\t, x", true), ("upgrades", false), ("up grade", false),
        ("", false), (",,", false), ("x,upgrade", true), ("upgrade;q=1", false),
    ])
    func `a token is found in a list`(_ value: String, _ isThere: Bool) {
        let fields: HTTPFields = ["Connection": "other", "connection": value]
        #expect(fields.hasToken("connection", "upgrade") == isThere)
    }

    @Test func `no text can end its field line`() {
        var fields = HTTPFields()
        fields.add("X-Ha\r\nEvil: 1", "a\r\nSet-Cookie: b\u{0}c\u{7F}")
        fields.add(" \r\n:", "nothing")
        #expect(fields.list.map(\.name) == ["X-HaEvil1"])
        #expect(fields.list.map(\.value) == ["a  Set-Cookie: b c "])
    }

    @Test func `equality ignores the case of names but not of values`() {
        let fields: HTTPFields = ["A": "x", "B": "y"]
        #expect(fields == ["a": "x", "b": "y"])
        #expect(fields != ["a": "X", "b": "y"])
        #expect(fields != ["B": "y", "A": "x"])
        #expect(fields != ["A": "x"])
        #expect(fields.description == "A: x\nB: y")
    }

    @Test(
        arguments: [
            ("application/json", true), ("Application/JSON ; charset=utf-8", true),
            ("application/json\t;x", true), ("application/jsonx", false), ("text/plain", false),
            ("", false), ("; application/json", false), (nil, false),
        ] as [(String?, Bool)])
    func `a content type is known with any parameters`(text: String?, isJSON: Bool) {
        var fields = HTTPFields()
        if let text { fields.add("Content-Type", text) }
        #expect(fields.hasContentType("application/json") == isJSON)
        fields.add("Content-Type", "application/json")
        #expect(fields.hasContentType("application/json") == (text == nil))
    }
}
