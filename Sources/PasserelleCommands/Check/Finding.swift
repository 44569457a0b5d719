// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleWire

/// The result of one check of `passerelle check`, and the remedy.
package struct Finding: Equatable {
    /// The outcome of a check.
    package enum Verdict: String, Equatable {
        case ok
        /// The gateway runs, but something will cause problems.
        case warning
        case failed
        /// Not tried, because of an earlier result.
        case skipped
    }

    /// The check's name, one word for programs.
    package let check: String
    package let verdict: Verdict
    /// The subject of the check: a request, a path, an address.
    package let tried: String
    /// The result.
    package let found: String
    /// The remedy; `nil` if there is nothing to do; a note may have one.
    package var remedy: String?
    /// The measurements, by names that include the unit.
    package var measured: [String: Int] = [:]

    /// A check that passed.
    package static func ok(_ check: String, _ tried: String, _ found: String) -> Finding {
        Finding(check: check, verdict: .ok, tried: tried, found: found)
    }

    /// A check that passed, but will cause problems.
    package static func warning(
        _ check: String, _ tried: String, _ found: String, do remedy: String
    ) -> Finding {
        Finding(check: check, verdict: .warning, tried: tried, found: found, remedy: remedy)
    }

    /// A note on the configuration.
    package static func note(_ note: ConfigurationNote) -> Finding {
        Finding(
            check: "configuration", verdict: note.isWarning ? .warning : .ok, tried: note.subject,
            found: note.text, remedy: note.remedy)
    }

    /// A check that failed.
    package static func failed(
        _ check: String, _ tried: String, _ found: String, do remedy: String
    ) -> Finding {
        Finding(check: check, verdict: .failed, tried: tried, found: found, remedy: remedy)
    }

    /// A check that was not tried.
    package static func skipped(_ check: String, _ tried: String, because reason: String) -> Finding
    {
        Finding(check: check, verdict: .skipped, tried: tried, found: "not tried: " + reason)
    }

    /// One or two lines for people: the second has the remedy.
    package var text: String {
        let word = verdict == .failed ? "FAILED" : verdict.rawValue
        let head = Self.padded(word, to: 8) + Self.padded(check, to: 15) + tried + ": " + found
        return remedy.map { "\(head)\n" + Self.padded("", to: 23) + "=> " + $0 } ?? head
    }

    /// One JSON object.
    package var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("check", check)
        object.member("status", verdict.rawValue)
        object.member("tried", tried)
        object.member("found", found)
        if let remedy { object.member("remedy", remedy) }
        if !measured.isEmpty {
            var figures = JSONObjectWriter()
            for (name, figure) in measured.sorted(by: { $0.key < $1.key }) {
                figures.member(name, figure)
            }
            object.member("measured", json: figures.finished())
        }
        return object.finished()
    }

    /// Returns the finding with measurements added.
    package func measuring(_ figures: [String: Int]) -> Finding {
        var finding = self
        finding.measured = figures
        return finding
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

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
        var json = JSONObjectWriter()
        json.member("ok", hasPassed)
        json.member("checks", json: JSONWriter.array(findings.map(\.json)))
        return json.finished() + [0x0A]
    }
}
