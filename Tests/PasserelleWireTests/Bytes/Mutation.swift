// SPDX-License-Identifier: MIT

/// Random changes to bytes, repeatable by seed (SplitMix64).
struct Mutation: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// Changes, removes, repeats or inserts a few bytes, often ones with a meaning in the syntax.
    mutating func damage(_ bytes: [UInt8], with significant: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0...Int.random(in: 0...3, using: &self) {
            let place = Int.random(in: 0...out.count, using: &self)
            let end = min(out.count, place + Int.random(in: 0...4, using: &self))
            switch Int.random(in: 0...4, using: &self) {
            case 0: out.removeSubrange(place..<end)
            case 1: out.insert(contentsOf: out[place..<end], at: place)
            case 2: out.insert(significant.randomElement(using: &self) ?? 0, at: place)
            case 3: out.insert(UInt8.random(in: 0...255, using: &self), at: place)
            default:
                guard place < out.count else { continue }
                out[place] = significant.randomElement(using: &self) ?? 0
            }
        }
        return out
    }

    /// Returns a few random positions to cut at.
    mutating func cuts(_ count: Int) -> [Int] {
        (0..<Int.random(in: 0...6, using: &self)).map { _ in
            Int.random(in: 0...count, using: &self)
        }.sorted()
    }
}
