// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

struct EnvironmentExpansionTests {
    private func expand(
        _ text: String, _ environment: [String: String] = [:], weaker: [String: String] = [:]
    ) -> [String: EnvironmentExpansion.Value] {
        var expansion = EnvironmentExpansion(environment: environment)
        return expansion.expand(EnvironmentFile.parse(Array(text.utf8)), weaker: weaker)
    }

    @Test(arguments: [
        ("A=$B\nB=c", "c"), ("B=c\nA=$B", "c"), ("A=${B}x\nB=c", "cx"), ("A=x$B.y\nB=c", "xc.y"),
        ("A='$B'\nB=c", "c"), ("A=\"$B\"\nB=c", "c"), ("A=\\$B\nB=c", "$B"), ("A=$E", "from"),
        ("A=${E:-d}", "from"), ("A=${X:-d}", "d"), ("A=$X:-d", "d"), ("A=${X:-$B}\nB=c", "c"),
        ("A=$X", ""), ("A=a$Xb", "a"), ("A=5$", "5$"), ("A=$ B", "$ B"),
        ("A=$B costs 5$\nB=c", "$B costs 5$"),
        ("C=d\nB=$C\nA=${B}$C", "dd"), ("A=$B$C\nB=b\nC=d", ""), ("A=${B\nB=c", "c"),
        ("A=$B}\nB=c", "c"), ("A=$5x", ""),
        ("B=\\$C\nA=$B\nC=d", "d"), ("A=$B\nB='$$x'", ""),
    ])
    func `references are expanded as in Next-js`(text: String, value: String) {
        #expect(expand(text, ["E": "from"])["A"]?.text == value, "\(text)")
    }

    @Test func `the environment takes precedence over the file, and the file over a weaker one`() {
        #expect(expand("A=$B\nB=file", ["B": "environment"])["A"]?.text == "environment")
        #expect(expand("A=$B", weaker: ["B": "weaker"])["A"]?.text == "weaker")
        #expect(expand("A=${B:-d}", weaker: ["B": "weaker"])["A"]?.text == "d")
        #expect(expand("A=$B\nB=", ["B": ""])["A"] == .init(text: "", unset: []))
    }

    @Test func `a reference to an unset variable is reported`() {
        #expect(expand("A=ab$cd")["A"] == .init(text: "ab", unset: ["cd"]))
        #expect(expand("A=ab\\$cd")["A"] == .init(text: "ab$cd", unset: []))
    }

    @Test(arguments: ["A=$A", "A=$B\nB=$A", "A=x${A}x", "A=$B$B\nB=$A$A"])
    func `an endless expansion is detected`(text: String) {
        #expect(expand(text)["A"]?.isSelfReferencing == true)
    }

    @Test func `the size of an expanded value is limited`() {
        var text = "A0=\(String(repeating: "x", count: 100))\n"
        for number in 1...40 { text += "A\(number)=$A\(number - 1)$A\(number - 1)\n" }
        let values = expand(text)
        #expect(values["A11"]?.isSelfReferencing == true)
        #expect(values.values.allSatisfy { $0.text.utf8.count < 1 << 18 })
    }
}
