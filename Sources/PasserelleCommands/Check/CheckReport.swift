// SPDX-License-Identifier: MIT

import PasserelleWire

/// The findings of `passerelle check`, in the order of the checks.
package struct CheckReport: Equatable {
    package var findings: [Finding] = []

    /// The result of a check; the raw value is the exit code.
    package enum Outcome: Int32 {
        case well = 0
        case failed = 1
        /// No check failed, but there are warnings.
        case warned = 2
    }

    /// The result of all findings; a skipped check is not a failure.
    package var outcome: Outcome {
        if findings.contains(where: { $0.verdict == .failed }) { return .failed }
        return findings.contains { $0.verdict == .warning } ? .warned : .well
    }

    /// True if there are neither failures nor warnings.
    package var hasPassed: Bool { outcome == .well }

    /// The report for people: the findings and a summary.
    package var text: String {
        let failed = findings.count { $0.verdict == .failed }
        let warnings = findings.count { $0.verdict == .warning }
        var lines = findings.map(\.text)
        switch (failed, warnings) {
        case (0, 0): lines.append("All checks passed.")
        case (0, _): lines.append("No failures; warnings: \(warnings).")
        default: lines.append("\(failed) failed; fix the first one first.")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `{"ok":…,"checks":[{"check","status","tried","found","remedy"},…]}` on one line.
    package var json: [UInt8] {
        let json: JSONObjectWriter = ["ok": hasPassed, "checks": findings.map(\.json)]
        return json.finished() + [0x0A]
    }
}
