// SPDX-License-Identifier: MIT

import Glibc

/// Formats times as in RFC 3339.
package enum UTCTime {
    /// Formats milliseconds since 1970 as `2026-03-02T09:01:10.412Z`; earlier times as 1970.
    package static func text(milliseconds: Int64) -> String {
        let all = max(0, milliseconds)
        var seconds = time_t(all / 1_000)
        var date = tm()
        gmtime_r(&seconds, &date)
        var text = [CChar](repeating: 0, count: 40)
        let count = strftime(&text, text.count, "%FT%T", &date)
        return String(decoding: text[..<count].map(UInt8.init), as: UTF8.self)
            + ".\(String(1_000 + all % 1_000).dropFirst())Z"
    }
}
