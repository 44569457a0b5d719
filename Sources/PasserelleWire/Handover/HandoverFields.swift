// SPDX-License-Identifier: MIT

/// Writes the fields of a hand-over's message, in order.
///
/// A number has eight bytes, little-endian. Texts and runs of bytes follow their length, which has
/// all bits set for `nil`.
package struct HandoverWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func number(_ number: some FixedWidthInteger) {
        let bits = UInt64(truncatingIfNeeded: number)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
    }

    package mutating func flag(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    package mutating func run(_ run: [UInt8]?) {
        number(run.map { UInt64($0.count) } ?? .max)
        bytes += run ?? []
    }

    package mutating func text(_ text: String?) { run(text.map { Array($0.utf8) }) }

    package mutating func texts(_ texts: [String]) {
        number(texts.count)
        for text in texts { self.text(text) }
    }
}

/// Reads the fields of a hand-over's message, in order.
package struct HandoverReader: Sendable {
    private let bytes: [UInt8]
    private var next = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// True if all fields were read.
    package var isAtEnd: Bool { next == bytes.count }

    package mutating func number() throws(HandoverError) -> UInt64 {
        guard bytes.count - next >= 8 else { throw .malformed }
        defer { next += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(bytes[next + $1]) << UInt64(8 * $1) }
    }

    /// Reads a number that fits an `Int`.
    package mutating func integer() throws(HandoverError) -> Int {
        Int(truncatingIfNeeded: try number())
    }

    package mutating func flag() throws(HandoverError) -> Bool {
        guard next < bytes.count, bytes[next] <= 1 else { throw .malformed }
        defer { next += 1 }
        return bytes[next] == 1
    }

    package mutating func run() throws(HandoverError) -> [UInt8]? {
        let length = try number()
        guard length != .max else { return nil }
        guard length <= UInt64(bytes.count - next) else { throw .malformed }
        defer { next += Int(length) }
        return Array(bytes[next..<next + Int(length)])
    }

    package mutating func text() throws(HandoverError) -> String? {
        guard let run = try run() else { return nil }
        guard let text = String(validating: run, as: UTF8.self) else { throw .malformed }
        return text
    }

    package mutating func requiredRun() throws(HandoverError) -> [UInt8] {
        guard let run = try run() else { throw .malformed }
        return run
    }

    package mutating func requiredText() throws(HandoverError) -> String {
        guard let text = try text() else { throw .malformed }
        return text
    }

    package mutating func texts() throws(HandoverError) -> [String] {
        let count = try number()
        // Each has at least its length.
        guard count <= UInt64((bytes.count - next) / 8) else { throw .malformed }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try requiredText()) }
        return texts
    }
}

/// Why the bytes of the other process cannot be used; its text contains none of them.
package enum HandoverError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are not the protocol's.
    case malformed
    /// A message is longer than `HandoverMessage.limit`.
    case tooLong

    package var description: String {
        switch self {
        case .malformed: "it does not speak the hand-over protocol"
        case .tooLong: "it sends a message that is too long"
        }
    }
}
