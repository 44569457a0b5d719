// SPDX-License-Identifier: MIT

/// The `after=POSITION` of a command and its count, `last=N` or `limit=N`, in any order.
struct LineOptions {
    private(set) var after: String?
    private(set) var count: Int?

    /// Takes all words that are left; each option may stand once.
    init(
        _ words: inout LineWords, _ line: Span<UInt8>, count name: String
    ) throws(LineError) {
        while let word = try words.next(line) {
            guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .tooMuch
            }
            let value = String(Substring(word.utf8[equals...].dropFirst()))
            switch String(word[..<equals]) {
            case "after":
                guard after == nil, !value.isEmpty else {
                    throw .badValue(word: "after", takes: "a position, earliest or now")
                }
                after = value
            case name:
                let isDigits = value.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
                guard count == nil, isDigits, let number = Int(value) else {
                    throw .badValue(word: name, takes: "a whole number")
                }
                count = number
            default: throw .tooMuch
            }
        }
    }

    /// The options as words.
    static func words(after: String?, name: String, count: Int?) -> [String] {
        (after.map { ["after=\($0)"] } ?? []) + (count.map { ["\(name)=\($0)"] } ?? [])
    }
}
