// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct JSONEqualityTests {
    private func isSame(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        let (one, other) = (
            JSONScanner.isSameValue(left, right), JSONScanner.isSameValue(right, left)
        )
        #expect(one == other)
        return one
    }

    @Test(arguments: [
        ("1", "1.0"), ("100", "1e2"), ("0", "-0"), ("null", " null\n"), ("[]", "[ ]"),
        (#""\u00e9\/""#, #""é/""#), (#"{"a":1,"b":[true,{}]}"#, #"{"b":[true,{}],"a":1}"#),
        (#"{"a":1,"a":2}"#, #"{"a":2}"#), ("9007199254740993", "9007199254740993"),
    ])
    func `equal values are equal in any spelling`(left: String, right: String) {
        #expect(isSame(left, right))
    }

    @Test(arguments: [
        ("1", "2"), ("1", #""1""#), ("null", "false"), ("true", "false"), ("[1,2]", "[2,1]"),
        ("[1]", "[1,1]"), (#"{"a":1}"#, #"{"a":1,"b":1}"#), (#"{"a":1}"#, #"{"b":1}"#),
        (#"{"a":null}"#, "{}"), (#""a""#, #""A""#), ("{", "{}"), ("1 1", "1"),
    ])
    func `different values are not equal`(left: String, right: String) {
        #expect(!isSame(left, right))
    }
}
