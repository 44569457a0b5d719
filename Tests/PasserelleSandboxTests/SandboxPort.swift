// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

@testable import PasserelleSandbox

/// A sandbox on its own port, with a loop that the test runs.
final class SandboxPort {
    let loop: EventLoop
    let sandbox: Sandbox

    init(_ change: (inout SandboxConfiguration) -> Void = { _ in }) throws {
        loop = try EventLoop()
        var configuration = SandboxConfiguration()
        configuration.appID = "1234"
        configuration.key = "app-key"
        configuration.secret = "app-secret"
        configuration.listen = .tcp(host: "127.0.0.1", port: 0)
        change(&configuration)
        let lines = Lines()
        sandbox = try Sandbox(loop: loop, configuration: configuration) { lines.list.append($0) }
        self.lines = lines
    }

    deinit {
        sandbox.stop()
    }

    private let lines: Lines

    /// The sandbox's log lines.
    var logged: [String] { lines.list }

    func run(until condition: () throws -> Bool) throws {
        try PasserelleTesting.run(loop, until: condition)
    }

    /// Runs the loop for a short time, to check that something does not happen.
    func idle(_ time: Duration = .milliseconds(60)) throws {
        let end = ContinuousClock.now + time
        try run { ContinuousClock.now >= end }
    }

    /// Opens a connection and sends nothing.
    func dial() throws -> ByteClient {
        let client = ByteClient(loop: loop, port: sandbox.port)
        try run { client.isOpen }
        return client
    }

    /// Sends a request and returns its answer.
    func request(
        _ method: String, _ target: String, body: String = ""
    ) throws -> HTTPResponse {
        try request(
            HTTPRequest(
                method: method, target: target, fields: ["Host": "localhost"],
                body: Array(body.utf8)))
    }

    func request(_ request: HTTPRequest) throws -> HTTPResponse {
        var request = request
        request.fields.set("Host", "localhost")
        let client = try dial()
        defer { client.link.close() }
        client.link.send(HTTPWriter.request(request))
        var parser = HTTPResponseParser()
        var answer: HTTPResponse?
        try run {
            parser.append(client.takeBytes().span)
            answer = try parser.next()
            return answer != nil
        }
        guard let answer else { throw TestFailure("no answer") }
        return answer
    }

    /// Sends a command to the sandbox.
    func control(_ command: String) throws {
        let response = try request("POST", "/sandbox/\(command)")
        guard response.status == 200 else {
            throw TestFailure(String(decoding: response.body, as: UTF8.self))
        }
    }

    /// Publishes through REST, with a current signature.
    func publish(_ body: String) throws -> Int {
        try request(
            AppFixture.signed(
                "POST", "/apps/1234/events", body: Array(body.utf8), at: loop.wallMilliseconds)
        ).status
    }

    /// Requests a WebSocket and waits for the answer.
    func socket(
        _ target: String = "/app/app-key?protocol=7&client=test&version=1"
    ) throws -> SocketClient {
        let client = SocketClient(try dial(), target: target)
        try run { client.response != nil || client.isEnded }
        return client
    }

    /// Opens a WebSocket and waits for its socket id.
    func connected() throws -> SocketClient {
        let client = try socket()
        try run { !client.messages.isEmpty }
        return client
    }
}

private final class Lines {
    var list: [String] = []
}
