// SPDX-License-Identifier: MIT

/// Takes a value with commas apart.
enum SettingList {
    /// The most parts that a list has.
    static let limit = 1_000

    /// The parts, without the blanks around them; an empty one is refused.
    static func parts(_ text: String) throws(ValueProblem) -> [String] {
        let pieces = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard pieces.count <= limit else { throw .not("a list of at most \(limit) parts") }
        var parts: [String] = []
        for piece in pieces {
            let trimmed = trim(piece)
            guard !trimmed.isEmpty else { throw .part("", is: "is an empty part") }
            parts.append(trimmed)
        }
        return parts
    }

    /// `text` without the spaces, tabs and line breaks around it.
    static func trim(_ text: Substring.UTF8View) -> String {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        var piece = text.drop { blanks.contains($0) }
        while let last = piece.last, blanks.contains(last) { piece = piece.dropLast() }
        return String(decoding: piece, as: UTF8.self)
    }
}
