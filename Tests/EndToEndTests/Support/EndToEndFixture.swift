// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// One test's loop, directory and processes; a failure shows the output of the processes.
final class EndToEndFixture {
    /// The time after which a wait fails the test instead of hanging.

    let loop: EventLoop
    let directory: TemporaryDirectory
    private var processes: [PasserelleProcess] = []

    init() throws {
        loop = try EventLoop()
        directory = try TemporaryDirectory()
    }

    /// Starts the binary, or a copy at a path, with exactly these variables.
    func start(
        _ command: String, _ arguments: [String] = [], _ variables: [String: String],
        binary: String? = nil
    ) throws -> PasserelleProcess {
        let process = try PasserelleProcess(command, arguments, variables, binary: binary)
        processes.append(process)
        return process
    }

    /// Turns the loop until `condition` is true.
    ///
    /// `what` names the missing condition in the failure.
    func wait(
        for what: @autoclosure () -> String, within limit: Duration = hangLimit,
        until condition: () throws -> Bool
    ) throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                throw TestFailure("\(what()) did not come within \(limit)\n\(published)")
            }
            try loop.runOnce(timeout: .milliseconds(10))
        }
    }

    /// Turns the loop for this time, if a test needs the gateway's own time to pass.
    func rest(_ time: Duration) throws {
        let end = ContinuousClock.now + time
        try wait(for: "time") { ContinuousClock.now >= end }
    }

    /// Runs another program to its end while the loop turns.
    func run(
        _ program: String, _ arguments: [String], input: String = "",
        environment: [String: String] = [:]
    ) throws -> SubprocessResult {
        try Subprocess.run(
            program, arguments, input: input, environment: environment
        ) { try loop.runOnce(timeout: .milliseconds(5)) }
    }

    /// Sends one request on its own connection and returns the answer.
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
    var published: String {
        processes.map { process in
            let lines = process.errors.split(separator: "\n").suffix(15).joined(separator: "\n")
            return "--- \(process.command) (pid \(process.pid)):\n\(lines)"
        }.joined(separator: "\n")
    }
}
