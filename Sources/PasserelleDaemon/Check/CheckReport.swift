// SPDX-License-Identifier: MIT

/// Everything that `passerelle check` has found, in the order in which it was tried.
struct CheckReport: Equatable {
    var findings: [Finding] = []

    /// How a check ends.
    enum Outcome: Int32 {
        case well = 0
        case failed = 1
        /// Nothing failed, and something will hurt.
        case warned = 2
    }

    /// What follows from all of it; what was skipped is no fault.
    var outcome: Outcome {
        if findings.contains(where: { $0.verdict == .failed }) { return .failed }
        return findings.contains { $0.verdict == .warning } ? .warned : .well
    }

    /// True only where nothing is to be done.
    var isWell: Bool { outcome == .well }

    /// The lines for people, and one that sums up.
    var text: String {
        let failed = findings.count { $0.verdict == .failed }
        let warnings = findings.count { $0.verdict == .warning }
        var lines = findings.map(\.text)
        switch (failed, warnings) {
        case (0, 0): lines.append("All is well.")
        case (0, _): lines.append("It works, and will hurt: \(warnings) to look at.")
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
