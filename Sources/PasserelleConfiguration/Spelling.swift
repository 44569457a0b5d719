// SPDX-License-Identifier: MIT

/// Suggests corrections of mistyped words.
package enum Spelling {
    /// Returns the candidate with the smallest distance, if that is small for the length of the
    /// word.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        let bytes = Array(word.utf8.prefix(80))
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(bytes, Array(candidate.utf8))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, min(3, bytes.count / 3)) else { return nil }
        return best.candidate
    }

    /// Returns the number of bytes to insert, remove, replace or swap with a neighbor to turn one
    /// word into the other.
    package static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
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

/// Names that frameworks and other servers use for variables of this program.
///
/// They are not read; the error about a missing variable mentions them.
package enum ForeignName {
    /// The prefixes by which frameworks expose a variable to browsers.
    private static let browserPrefixes = [
        "NEXT_PUBLIC_", "VITE_", "NUXT_PUBLIC_", "PUBLIC_", "REACT_APP_", "VUE_APP_", "MIX_",
        "EXPO_PUBLIC_", "GATSBY_", "NG_APP_",
    ]

    /// The names of Laravel, Reverb and Soketi.
    private static let names = [
        "PUSHER_APP_KEY": "PUSHER_KEY", "PUSHER_APP_SECRET": "PUSHER_SECRET",
        "PUSHER_APP_CLUSTER": "PUSHER_CLUSTER", "PUSHER_APPID": "PUSHER_APP_ID",
        "PUSHER_APP_HOST": "PUSHER_HOST",
        "REVERB_APP_ID": "PUSHER_APP_ID", "REVERB_APP_KEY": "PUSHER_KEY",
        "REVERB_APP_SECRET": "PUSHER_SECRET", "REVERB_HOST": "PUSHER_HOST",
        "SOKETI_DEFAULT_APP_ID": "PUSHER_APP_ID", "SOKETI_DEFAULT_APP_KEY": "PUSHER_KEY",
        "SOKETI_DEFAULT_APP_SECRET": "PUSHER_SECRET",
    ]

    /// Returns the variable of this program with the same meaning, or `nil` if `name` is not such a
    /// name.
    package static func variable(of name: String) -> String? {
        guard isForBrowsers(name) else { return names[name] }
        let prefix = browserPrefixes.first(where: name.hasPrefix) ?? ""
        let rest = String(name.dropFirst(prefix.count))
        return names[rest] ?? (Variables.named(rest) == nil ? nil : rest)
    }

    /// True if a framework exposes the variable to browsers.
    package static func isForBrowsers(_ name: String) -> Bool {
        browserPrefixes.contains(where: name.hasPrefix)
    }
}
