// SPDX-License-Identifier: MIT

import PasserelleWire

/// One thing that `passerelle check` tried: what came back, and what to do about it.
struct Finding: Equatable {
    /// How it went.
    enum Verdict: String, Equatable {
        case ok
        /// The gateway runs, and something will hurt.
        case warning
        case failed
        /// Not tried, because of what failed before.
        case skipped
    }

    /// The one word that programs know it by.
    let check: String
    let verdict: Verdict
    /// What was tried.
    let tried: String
    /// What came back.
    let found: String
    /// What to do; nothing where all is well.
    var remedy: String?
    /// What was measured, by names that say the unit.
    var measured: [String: Int] = [:]

    /// It is as it should be.
    static func ok(_ check: String, _ tried: String, _ found: String) -> Finding {
        Finding(check: check, verdict: .ok, tried: tried, found: found)
    }

    /// It works, and will hurt.
    static func warning(
        _ check: String, _ tried: String, _ found: String, do remedy: String
    ) -> Finding {
        Finding(check: check, verdict: .warning, tried: tried, found: found, remedy: remedy)
    }

    /// It does not work.
    static func failed(
        _ check: String, _ tried: String, _ found: String, do remedy: String
    ) -> Finding {
        Finding(check: check, verdict: .failed, tried: tried, found: found, remedy: remedy)
    }

    /// It was not tried.
    static func skipped(_ check: String, _ tried: String, because reason: String) -> Finding {
        Finding(check: check, verdict: .skipped, tried: tried, found: "not tried: " + reason)
    }

    /// Two lines for people at most: the second says what to do.
    var text: String {
        let word = verdict == .failed ? "FAILED" : verdict.rawValue
        let head = Self.padded(word, to: 8) + Self.padded(check, to: 15) + tried + ": " + found
        return remedy.map { "\(head)\n" + Self.padded("", to: 23) + "=> " + $0 } ?? head
    }

    /// One JSON object.
    var json: [UInt8] {
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

    /// The same with what was measured.
    func measuring(_ figures: [String: Int]) -> Finding {
        var finding = self
        finding.measured = figures
        return finding
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
