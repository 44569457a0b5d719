// SPDX-License-Identifier: MIT

/// The fields of a message in their order, with repeats (RFC 9110 §5).
///
/// Names compare case-insensitively. The text stays in one byte array and becomes a `String` only
/// on request. No field can break a message: see `add`.
package struct HTTPFields: Sendable {
    /// One field, as ranges of `bytes`.
    struct Entry: Sendable {
        /// The range of the name.
        let name: Range<UInt32>
        /// The range of the value, without the blanks around it.
        let value: Range<UInt32>
    }

    private var bytes: [UInt8]
    private var entries: [Entry]

    /// Creates an empty list.
    package init() {
        bytes = []
        entries = []
    }

    /// Takes over fields that a parser has checked.
    init(bytes: [UInt8], entries: [Entry]) {
        self.bytes = bytes
        self.entries = entries
    }

    /// The number of fields, repeats included.
    package var count: Int { entries.count }

    /// True if there is no field.
    package var isEmpty: Bool { entries.isEmpty }

    /// All fields in order.
    package var list: [(name: String, value: String)] {
        entries.map { (text($0.name), text($0.value)) }
    }

    /// Returns the value of the first field with this name.
    package func first(_ name: String) -> String? {
        index(of: name, from: 0).map { text(entries[$0].value) }
    }

    /// Returns the values of all fields with this name, in order.
    package func all(_ name: String) -> [String] {
        entries.indices.filter { isNamed($0, name) }.map { text(entries[$0].value) }
    }

    /// Returns true if the first field with this name has exactly this value, byte for byte.
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

    /// Calls `body` with the value of each field with this name, in order, without a copy.
    package func read(_ name: String, _ body: (Span<UInt8>) -> Void) {
        var next = 0
        while let found = index(of: name, from: next) {
            let value = entries[found].value
            body(bytes.span.extracting(Int(value.lowerBound)..<Int(value.upperBound)))
            next = found + 1
        }
    }

    /// Returns the fields with these names, in the order of the names, values byte for byte.
    ///
    /// A value need not be UTF-8, so it must not be converted to `String` and back.
    package func only(_ names: [String]) -> HTTPFields {
        var only = HTTPFields()
        for name in names {
            for index in entries.indices where isNamed(index, name) {
                only.add(name, valueOf: entries[index], in: self)
            }
        }
        return only
    }

    /// The field lines as they are sent.
    package var lines: [UInt8] {
        var lines: [UInt8] = []
        write(into: &lines, framing: true)
        return lines
    }

    /// Calls `body` with the values of the fields with this name, last first and without a copy,
    /// until it returns `false`.
    package func readBackwards(_ name: String, _ body: (Span<UInt8>) -> Bool) {
        for index in entries.indices.reversed() where isNamed(index, name) {
            let value = entries[index].value
            let text = bytes.span.extracting(Int(value.lowerBound)..<Int(value.upperBound))
            guard body(text) else { return }
        }
    }

    /// Returns the number of fields with this name.
    package func count(of name: String) -> Int {
        entries.indices.count { isNamed($0, name) }
    }

    /// Returns true if a field has this name.
    package func contains(_ name: String) -> Bool { index(of: name, from: 0) != nil }

    /// Returns true if the comma-separated list of this name has the token, case-insensitively.
    package func hasToken(_ name: String, _ token: String) -> Bool {
        var next = 0
        while let found = index(of: name, from: next) {
            if listHolds(entries[found].value, token) { return true }
            next = found + 1
        }
        return false
    }

    /// Appends a field.
    ///
    /// Bytes that are invalid in a name are left out, and controls in a value become spaces, so
    /// that no external text can end a line (RFC 9110 §5.5). A field without a valid name is
    /// ignored.
    package mutating func add(_ name: String, _ value: String) {
        let nameStart = UInt32(truncatingIfNeeded: bytes.count)
        for byte in name.utf8 where HTTPSyntax.isToken(byte) { bytes.append(byte) }
        let nameEnd = UInt32(truncatingIfNeeded: bytes.count)
        guard nameStart < nameEnd else { return }
        for byte in value.utf8 { bytes.append(HTTPSyntax.isFieldByte(byte) ? byte : 0x20) }
        let valueEnd = UInt32(truncatingIfNeeded: bytes.count)
        entries.append(Entry(name: nameStart..<nameEnd, value: nameEnd..<valueEnd))
    }

    private mutating func add(_ name: String, valueOf entry: Entry, in fields: HTTPFields) {
        add(name, "")
        guard let last = entries.popLast() else { return }
        bytes += fields.bytes[Int(entry.value.lowerBound)..<Int(entry.value.upperBound)]
        let end = UInt32(truncatingIfNeeded: bytes.count)
        entries.append(Entry(name: last.name, value: last.value.lowerBound..<end))
    }

    /// Removes all fields with this name and appends this one.
    package mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// Removes all fields with this name.
    package mutating func remove(_ name: String) {
        guard contains(name) else { return }
        entries = entries.indices.filter { !isNamed($0, name) }.map { entries[$0] }
    }

    /// Appends the field lines to `out`; those that frame a body only if `framing` is true.
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

    // MARK: - Private

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
    /// Returns true if both have the same fields in order: names compare case-insensitively, values
    /// byte for byte.
    package static func == (left: HTTPFields, right: HTTPFields) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left.entries, right.entries).allSatisfy { a, b in
            left.equals(a.name, right.text(b.name))
                && left.bytes[Int(a.value.lowerBound)..<Int(a.value.upperBound)]
                    == right.bytes[Int(b.value.lowerBound)..<Int(b.value.upperBound)]
        }
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// Creates fields in the order written; repeated names are kept.
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}

extension HTTPFields: CustomStringConvertible {
    /// The field lines, for tests and traces.
    package var description: String {
        list.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
    }
}

extension HTTPFields {
    /// Returns true if `Accept` lists this type, not only a range such as `*/*`, at a quality above
    /// 0 (RFC 9110 §12.5.1).
    package func accepts(_ type: String) -> Bool {
        var isNamed = false
        read("Accept") { list in
            guard !isNamed else { return }
            isNamed = HTTPSyntax.anyPart(of: list, separatedBy: 0x2C) {
                Self.item($0, names: type)
            }
        }
        return isNamed
    }

    private static func item(_ item: Span<UInt8>, names type: String) -> Bool {
        var index = 0
        while index < item.count, HTTPSyntax.isBlank(item[index]) { index += 1 }
        for byte in type.utf8 {
            guard index < item.count, HTTPSyntax.lowercase(item[index]) == byte else {
                return false
            }
            index += 1
        }
        while index < item.count, HTTPSyntax.isBlank(item[index]) { index += 1 }
        guard index < item.count else { return true }
        return item[index] == 0x3B && !isRefused(item.extracting(index...))
    }

    /// Returns true if one of an item's parameters is `q=0`, with or without decimals.
    private static func isRefused(_ parameters: Span<UInt8>) -> Bool {
        HTTPSyntax.anyPart(of: parameters, separatedBy: 0x3B) { parameter in
            let pair = HTTPSyntax.trimmed(parameter, parameter.indices)
            let low = pair.lowerBound
            return pair.count > 2 && HTTPSyntax.lowercase(parameter[low]) == 0x71
                && parameter[low + 1] == 0x3D
                && isZero(parameter.extracting(low + 2..<pair.upperBound))
        }
    }

    private static func isZero(_ quality: Span<UInt8>) -> Bool {
        for index in quality.indices where quality[index] != 0x30 && quality[index] != 0x2E {
            return false
        }
        return true
    }

    /// True if there is one `Content-Type` and it names this media type (given in lower case), with
    /// any parameters (RFC 9110 §8.3).
    package func hasContentType(_ type: String) -> Bool {
        let types = all("Content-Type")
        guard types.count == 1, var media = types.first?.prefix(while: { $0 != ";" }) else {
            return false
        }
        while media.last == " " || media.last == "\t" { media.removeLast() }
        return media.lowercased() == type
    }

    /// Returns the value of the first cookie with this name (RFC 6265 §4.2.1).
    package func cookie(_ name: String) -> String? {
        var found: String?
        read("Cookie") { value in
            guard found == nil else { return }
            _ = HTTPSyntax.anyPart(of: value, separatedBy: 0x3B) { pair in
                found = Self.value(of: pair, named: name)
                return found != nil
            }
        }
        return found
    }

    /// Returns the value of a pair `NAME=VALUE` after leading blanks; `nil` if it has another name.
    private static func value(of pair: Span<UInt8>, named name: String) -> String? {
        var start = 0
        while start < pair.count, HTTPSyntax.isBlank(pair[start]) { start += 1 }
        for byte in name.utf8 {
            guard start < pair.count, pair[start] == byte else { return nil }
            start += 1
        }
        guard start < pair.count, pair[start] == 0x3D else { return nil }
        return String(copying: pair.extracting((start + 1)...))
    }
}
