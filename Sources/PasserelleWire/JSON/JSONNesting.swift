// SPDX-License-Identifier: MIT

/// The containers around a position in JSON, one bit each; the innermost 64 need no allocation.
struct JSONNesting {
    private var objects: UInt64 = 0
    /// The outer containers, 64 per word.
    private var outer: [UInt64] = []
    private(set) var depth = 0

    /// True if the innermost container is an object, false if it is an array.
    var isInObject: Bool { objects & 1 == 1 }

    /// The bracket that ends the innermost container.
    var closing: UInt8 { isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    /// Enters a container; the caller must have checked the depth.
    mutating func enter(isObject: Bool) {
        if depth > 0, depth.isMultiple(of: UInt64.bitWidth) { outer.append(objects) }
        objects = objects << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    /// Leaves the innermost container.
    mutating func leave() {
        objects >>= 1
        depth -= 1
        if depth > 0, depth.isMultiple(of: UInt64.bitWidth), let word = outer.popLast() {
            objects = word
        }
    }
}
