// SPDX-License-Identifier: MIT

/// Spoils bytes at random, the same way for the same seed (SplitMix64).
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

    /// Changes, removes, repeats or inserts a few bytes, often ones that mean something.
    mutating func spoil(_ bytes: [UInt8], with telling: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0...Int.random(in: 0...3, using: &self) {
            let place = Int.random(in: 0...out.count, using: &self)
            let end = min(out.count, place + Int.random(in: 0...4, using: &self))
            switch Int.random(in: 0...4, using: &self) {
            case 0: out.removeSubrange(place..<end)
            case 1: out.insert(contentsOf: out[place..<end], at: place)
            case 2: out.insert(telling.randomElement(using: &self) ?? 0, at: place)
            case 3: out.insert(UInt8.random(in: 0...255, using: &self), at: place)
            default:
                guard place < out.count else { continue }
                out[place] = telling.randomElement(using: &self) ?? 0
            }
        }
        return out
    }

    /// Gives a few places to cut.
    mutating func cuts(_ count: Int) -> [Int] {
        (0..<Int.random(in: 0...6, using: &self)).map { _ in
            Int.random(in: 0...count, using: &self)
        }.sorted()
    }
}
