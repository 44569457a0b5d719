// SPDX-License-Identifier: MIT

/// Everything that `passerelle check` has found, in the order in which it was tried.
struct CheckReport: Equatable {
    var findings: [Finding] = []

    /// True where nothing failed; what was skipped was skipped because something did.
    var isWell: Bool { !findings.contains { $0.verdict == .failed } }

    /// The lines for people, and one that sums up.
    var text: String {
        let failed = findings.count { $0.verdict == .failed }
        let warnings = findings.count { $0.verdict == .warning }
        var lines = findings.map(\.text)
        switch (failed, warnings) {
        case (0, 0): lines.append("All is well.")
        case (0, _): lines.append("It works; \(warnings) to look at.")
        default: lines.append("\(failed) failed: begin with the first.")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `{"ok":…,"checks":[{"check","status","tried","found","remedy"},…]}` on one line.
    var json: [UInt8] {
        var bytes = Array(#"{"ok":\#(isWell),"checks":["#.utf8)
        for (index, finding) in findings.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += finding.json
        }
        return bytes + Array("]}\n".utf8)
    }
}
