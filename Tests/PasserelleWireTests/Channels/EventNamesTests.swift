// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct EventNamesTests {
    @Test func `names keep their order, and a repeated one has no effect`() throws {
        var names = try EventNames(["b", "a", "b", "é", "e\u{301}"])
        #expect(names.list == ["b", "a", "é", "e\u{301}"] && names.list.count == 4)
        try names.add("a")
        #expect(names.list.count == 4 && !names.isEmpty && EventNames().isEmpty)
    }

    @Test func `31 and 32 names are accepted, 33 are not`() throws {
        let list = (1...33).map(String.init)
        #expect(try EventNames(Array(list.prefix(31))).list.count == 31)
        var names = try EventNames(Array(list.prefix(32)))
        #expect(throws: EventNames.Fault.tooMany) { try names.add("33") }
        try names.add("32")
        #expect(names.list == Array(list.prefix(32)))
        #expect(throws: EventNames.Fault.tooMany) { try EventNames(list) }
    }

    @Test func `a name has 1 to 200 characters and no control character`() throws {
        for count in [1, 199, 200] {
            let name = String(repeating: "é", count: count)
            #expect(try EventNames([name]).list == [name])
        }
        for name in ["", String(repeating: "a", count: 201), "a\nb", "\u{7f}"] {
            #expect(throws: EventNames.Fault.badName) { try EventNames([name]) }
        }
    }
}
