// SPDX-License-Identifier: MIT

/// The containers around a place in JSON, one bit each: 64 at most, which is all that it can hold.
struct JSONNesting {
    /// The most containers that can be told apart.
    static let maximumDepth = UInt64.bitWidth

    private var objects: UInt64 = 0
    private(set) var depth = 0

    /// Whether the innermost container is an object, not an array.
    var isInObject: Bool { objects & 1 == 1 }

    /// The bracket that ends the innermost container.
    var closing: UInt8 { isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    /// Enters a container; the caller has checked the depth.
    mutating func enter(isObject: Bool) {
        objects = objects << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    /// Leaves the innermost container.
    mutating func leave() {
        objects >>= 1
        depth -= 1
    }
}
