// SPDX-License-Identifier: MIT

/// Reads and writes numbers of bytes as people do.
package enum ByteCount {
    /// Reads `65536 B`, `64k`, `64 KiB`, `256 MiB`, `1G`; at most 1024 GiB.
    ///
    /// `k`, `M` and `G` alone are powers of 1024; `kB`, `MB` and `GB` are powers of 1000.
    package static func parse(_ text: String) throws(ValueProblem) -> Int {
        var rest = text.utf8[...]
        guard let (number, unit) = NumberAndUnit.take(&rest), rest.isEmpty,
            let scale = scale(unit: unit)
        else { throw .not("a size") }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: scale)
        guard !overflows, bytes <= 1 << 40 else { throw .outside(low: "0", high: "1024 GiB") }
        return bytes
    }

    /// The number with the greatest binary unit that divides it.
    package static func text(_ bytes: Int) -> String {
        for (unit, scale) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes > 0 && bytes.isMultiple(of: scale) {
            return "\(bytes / scale) \(unit)"
        }
        return "\(bytes) B"
    }

    private static func scale(unit: String) -> Int? {
        switch unit {
        case "B": 1
        case "k", "K", "Ki", "KiB": 1 << 10
        case "M", "Mi", "MiB": 1 << 20
        case "G", "Gi", "GiB": 1 << 30
        case "kB", "KB": 1_000
        case "MB": 1_000_000
        case "GB": 1_000_000_000
        default: nil
        }
    }
}
