// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleWire

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
    package var json: JSONObjectWriter {
        var figures = JSONObjectWriter()
        for (name, figure) in measured.sorted(by: { $0.key < $1.key }) {
            figures.member(name, figure)
        }
        return [
            "check": check, "status": verdict.rawValue, "tried": tried, "found": found,
            "remedy": remedy, "measured": measured.isEmpty ? nil : figures,
        ]
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
