// SPDX-License-Identifier: MIT

/// Keeps the fields of a message in their order with their repeats (RFC 9110 §5).
///
/// Names compare without case. The text stays in one byte array and becomes a `String` only when
/// asked for. It can hold no field that would break a message: see `add`.
package struct HTTPFields: Sendable {
    /// One field, as ranges of `bytes`.
    struct Entry: Sendable {
        /// Where the name stands.
        let name: Range<UInt32>
        /// Where the value stands, blanks around it left out.
        let value: Range<UInt32>
    }

    private var bytes: [UInt8]
    private var entries: [Entry]

    /// Makes an empty list.
    package init() {
        bytes = []
        entries = []
    }

    /// Takes over fields that a parser has checked.
    init(bytes: [UInt8], entries: [Entry]) {
        self.bytes = bytes
        self.entries = entries
    }

    /// Gives how many fields there are, repeats counted.
    package var count: Int { entries.count }

    /// Tells whether there is no field.
    package var isEmpty: Bool { entries.isEmpty }

    /// Gives every field in order.
    package var list: [(name: String, value: String)] {
        entries.map { (text($0.name), text($0.value)) }
    }

    /// Gives the value of the first field of that name.
    package func first(_ name: String) -> String? {
        index(of: name, from: 0).map { text(entries[$0].value) }
    }

    /// Gives the values of all fields of that name, in order.
    package func all(_ name: String) -> [String] {
        entries.indices.filter { isNamed($0, name) }.map { text(entries[$0].value) }
    }

    /// Tells whether the first field of that name has just that value, byte for byte.
    package func first(_ name: String, is value: String) -> Bool {
        guard let found = index(of: name, from: 0) else { return false }
        let range = entries[found].value
        guard range.count == value.utf8.count else { return false }
        var index = Int(range.lowerBound)
        for byte in value.utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// Reads the values of all fields of that name where they stand, in order.
    package func read(_ name: String, _ body: (Span<UInt8>) -> Void) {
        var next = 0
        while let found = index(of: name, from: next) {
            let value = entries[found].value
            body(bytes.span.extracting(Int(value.lowerBound)..<Int(value.upperBound)))
            next = found + 1
        }
    }

    /// Gives how many fields have that name.
    package func count(of name: String) -> Int {
        entries.indices.count { isNamed($0, name) }
    }

    /// Tells whether a field has that name.
    package func contains(_ name: String) -> Bool { index(of: name, from: 0) != nil }

    /// Tells whether the comma-separated list of that name holds the token, without case.
    package func hasToken(_ name: String, _ token: String) -> Bool {
        var next = 0
        while let found = index(of: name, from: next) {
            if listHolds(entries[found].value, token) { return true }
            next = found + 1
        }
        return false
    }

    /// Adds a field at the end.
    ///
    /// Bytes that a name may not hold are left out, controls in a value become spaces, so that no
    /// text from elsewhere can end a line (RFC 9110 §5.5). A name with nothing left adds nothing.
    package mutating func add(_ name: String, _ value: String) {
        let nameStart = UInt32(truncatingIfNeeded: bytes.count)
        for byte in name.utf8 where HTTPSyntax.isToken(byte) { bytes.append(byte) }
        let nameEnd = UInt32(truncatingIfNeeded: bytes.count)
        guard nameStart < nameEnd else { return }
        for byte in value.utf8 { bytes.append(HTTPSyntax.isFieldByte(byte) ? byte : 0x20) }
        let valueEnd = UInt32(truncatingIfNeeded: bytes.count)
        entries.append(Entry(name: nameStart..<nameEnd, value: nameEnd..<valueEnd))
    }

    /// Removes all fields of that name and adds this one at the end.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// Removes all fields of that name.
    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        entries = entries.indices.filter { !isNamed($0, name) }.map { entries[$0] }
    }

    /// Adds every field line to `out`; those that frame a body only where `framing` says so.
    func write(into out: inout [UInt8], framing: Bool) {
        for index in entries.indices {
            if isNamed(index, "transfer-encoding") { continue }
            if !framing, isNamed(index, "content-length") { continue }
            let entry = entries[index]
            out.append(contentsOf: bytes[Int(entry.name.lowerBound)..<Int(entry.name.upperBound)])
            out.append(0x3A)
            out.append(0x20)
            out.append(contentsOf: bytes[Int(entry.value.lowerBound)..<Int(entry.value.upperBound)])
            out.append(0x0D)
            out.append(0x0A)
        }
    }

    // MARK: - Inside

    private func text(_ range: Range<UInt32>) -> String {
        String(decoding: bytes[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
    }

    private func index(of name: String, from first: Int) -> Int? {
        var index = first
        while index < entries.count {
            if isNamed(index, name) { return index }
            index += 1
        }
        return nil
    }

    private func isNamed(_ index: Int, _ name: String) -> Bool {
        equals(entries[index].name, name)
    }

    private func equals(_ range: Range<UInt32>, _ text: String) -> Bool {
        let wanted = text.utf8
        guard range.count == wanted.count else { return false }
        var index = Int(range.lowerBound)
        for byte in wanted {
            if HTTPSyntax.lowercase(bytes[index]) != HTTPSyntax.lowercase(byte) { return false }
            index += 1
        }
        return true
    }

    private func listHolds(_ value: Range<UInt32>, _ token: String) -> Bool {
        var start = value.lowerBound
        var index = start
        while index <= value.upperBound {
            if index == value.upperBound || bytes[Int(index)] == 0x2C {
                if equals(trimmed(start..<index), token) { return true }
                start = index + 1
            }
            index += 1
        }
        return false
    }

    private func trimmed(_ range: Range<UInt32>) -> Range<UInt32> {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high, HTTPSyntax.isBlank(bytes[Int(low)]) { low += 1 }
        while low < high, HTTPSyntax.isBlank(bytes[Int(high) - 1]) { high -= 1 }
        return low..<high
    }
}

extension HTTPFields: Equatable {
    /// Tells whether both hold the same fields in the same order, names without case.
    package static func == (left: HTTPFields, right: HTTPFields) -> Bool {
        guard left.count == right.count else { return false }
        for (a, b) in zip(left.list, right.list) {
            guard a.value == b.value, a.name.lowercased() == b.name.lowercased() else {
                return false
            }
        }
        return true
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// Takes the fields in the order written; a repeated name stays repeated.
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}

extension HTTPFields: CustomStringConvertible {
    /// Gives the field lines, for tests and traces.
    package var description: String {
        list.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
    }
}
