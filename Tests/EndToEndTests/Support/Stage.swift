// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// One test's loop and folder, and the processes it started: what they said is shown on failure.
final class Stage {
    /// How long anything may take on a loaded machine; nothing is expected to.
    static let patience: Duration = .seconds(60)

    let loop: EventLoop
    let folder: TemporaryFolder
    private var processes: [PasserelleProcess] = []

    init() throws {
        loop = try EventLoop()
        folder = try TemporaryFolder()
    }

    /// Starts the binary with exactly these variables.
    func start(
        _ command: String, _ arguments: [String] = [], _ variables: [String: String]
    ) throws -> PasserelleProcess {
        let process = try PasserelleProcess(command, arguments, variables)
        processes.append(process)
        return process
    }

    /// Turns the loop until `condition` holds; `what` says in the failure what did not come.
    func wait(
        for what: @autoclosure () -> String, within limit: Duration = Stage.patience,
        until condition: () throws -> Bool
    ) throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                throw TestFailure("\(what()) did not come within \(limit)\n\(said)")
            }
            try loop.turn(upTo: .milliseconds(10))
        }
    }

    /// Runs another program to its end while the loop turns.
    func run(
        _ program: String, _ arguments: [String], input: String = "",
        environment: [String: String] = [:]
    ) throws -> SubprocessResult {
        try Subprocess.run(
            program, arguments, input: input, environment: environment, upTo: Self.patience
        ) { try loop.turn(upTo: .milliseconds(5)) }
    }

    /// Sends one request on a connection of its own and gives the answer.
    func request(
        _ address: ListenAddress, _ method: String, _ target: String, fields: HTTPFields = [:],
        body: [UInt8] = [], tls: TLSClient? = nil
    ) throws -> HTTPResponse {
        let caller = HTTPCaller(loop: loop, address: address, tls: tls)
        defer { caller.close() }
        var fields = fields
        if !fields.contains("Host") { fields.set("Host", "localhost") }
        var answer: HTTPResponse?
        caller.send(HTTPRequest(method: method, target: target, fields: fields, body: body)) {
            answer = $0
        }
        try wait(for: "the answer to \(method) \(target)") { answer != nil || caller.end != nil }
        guard let answer else {
            throw TestFailure(
                "\(method) \(target) was not answered: \(String(describing: caller.end))")
        }
        return answer
    }

    /// The last lines of every process's standard error.
    var said: String {
        processes.map { process in
            let lines = process.errors.split(separator: "\n").suffix(15).joined(separator: "\n")
            return "--- \(process.command) (pid \(process.pid)):\n\(lines)"
        }.joined(separator: "\n")
    }
}
