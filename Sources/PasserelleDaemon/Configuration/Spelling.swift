// SPDX-License-Identifier: MIT

/// Guesses what a mistyped word was meant to be.
enum Spelling {
    /// The candidate that takes the fewest changes, where these are few for the word's length.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let bytes = Array(word.utf8.prefix(80))
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(bytes, Array(candidate.utf8))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, min(3, bytes.count / 3)) else { return nil }
        return best.candidate
    }

    /// How many bytes to insert, drop, change or swap with their neighbour, to make one of another.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var current = [i + 1]
            for j in b.indices {
                let change = previous[j] + (a[i] == b[j] ? 0 : 1)
                var cost = min(change, previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforePrevious[j - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[b.count]
    }
}
