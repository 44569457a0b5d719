// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The findings of one run of `passerelle check`.
struct CheckOutcome {
    let status: Int32
    /// The status of each check; if several have one name, the first that failed.
    private(set) var verdicts: [String: String] = [:]
    private(set) var remedies: [String: String] = [:]
    let output: String

    /// Runs it against a Channels server at this port of 127.0.0.1.
    ///
    /// Variables in `unset` have their defaults.
    static func of(
        _ fixture: EndToEndFixture, port: Int, _ changes: [String: String] = [:],
        _ arguments: [String] = ["--json"], unset: Set<String> = []
    ) throws -> CheckOutcome {
        var variables = GatewayProcess.variables(
            upstreamPort: port, ipc: fixture.directory.file("check.sock"))
        variables.merge(changes) { $1 }
        for name in unset { variables[name] = nil }
        let process = try fixture.start("check", arguments, variables)
        try fixture.wait(for: "the check's end") { process.hasEnded }
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

    /// The checks that failed or have a warning.
    var faults: [String] {
        verdicts.filter { ["failed", "warning"].contains($0.value) }.keys.sorted()
    }

    private init(status: Int32, output: String) {
        self.status = status
        self.output = output
    }
}
