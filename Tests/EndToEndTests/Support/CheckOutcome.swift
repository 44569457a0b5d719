// SPDX-License-Identifier: MIT
import PasserelleTesting

/// What one run of `passerelle check` found.
struct CheckOutcome {
    let status: Int32
    /// How each thing went that was tried; of several by one name, the first that failed.
    private(set) var verdicts: [String: String] = [:]
    private(set) var remedies: [String: String] = [:]
    let output: String

    /// Runs it against a Channels at this port of 127.0.0.1; variables of `unset` are left to their
    /// defaults.
    static func of(
        _ stage: Stage, port: Int, _ changes: [String: String] = [:],
        _ arguments: [String] = ["--json"], unset: Set<String> = []
    ) throws -> CheckOutcome {
        var variables = GatewayProcess.variables(
            upstreamPort: port, ipc: stage.folder.file("check.sock"))
        variables.merge(changes) { $1 }
        for name in unset { variables[name] = nil }
        let process = try stage.start("check", arguments, variables)
        try stage.wait(for: "the check's end") { process.hasEnded }
        var outcome = CheckOutcome(status: process.status ?? -1, output: process.output)
        guard arguments.contains("--json") else { return outcome }
        let json = try JSONText(Array(process.output.utf8))
        for item in try json.elements(["checks"]).map(JSONText.init) {
            let name = try item.string(["check"])
            let isKnown = outcome.verdicts[name] == "failed"
            if !isKnown { outcome.verdicts[name] = try item.string(["status"]) }
            if let remedy = try? item.string(["remedy"]) { outcome.remedies[name] = remedy }
        }
        return outcome
    }

    /// What failed, or is warned of.
    var faults: [String] {
        verdicts.filter { ["failed", "warning"].contains($0.value) }.keys.sorted()
    }

    private init(status: Int32, output: String) {
        self.status = status
        self.output = output
    }
}
