// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// `passerelle sandbox` on its own port, with its REST interface and its controls.
final class SandboxProcess {
    static let appID = "1001"
    static let key = "sandbox-key"
    static let secret = "sandbox-secret-of-the-tests"

    let fixture: EndToEndFixture
    let port: Int
    private(set) var process: PasserelleProcess
    private var caller: HTTPCaller?

    init(_ fixture: EndToEndFixture) throws {
        self.fixture = fixture
        var number = try Self.freePort()
        var started = try Self.start(fixture, number)
        // Another process may have taken the port in between.
        while try !Self.isListening(fixture, started) {
            guard started.errors.contains("in use") else { throw Self.ended(started) }
            number = try Self.freePort()
            started = try Self.start(fixture, number)
        }
        (port, process) = (number, started)
    }

    /// The variables with which the commands of the gateway use this application.
    static let credentials = [
        "PUSHER_APP_ID": appID, "PUSHER_KEY": key, "PUSHER_SECRET": secret,
    ]

    var address: ListenAddress { .tcp(host: "127.0.0.1", port: port) }

    private static func start(_ fixture: EndToEndFixture, _ port: Int) throws -> PasserelleProcess {
        var variables = credentials
        variables["PASSERELLE_SANDBOX"] = "127.0.0.1:\(port)"
        return try fixture.start("sandbox", [], variables)
    }

    /// Waits until it listens; returns false if it ended before.
    private static func isListening(_ fixture: EndToEndFixture, _ process: PasserelleProcess) throws
        -> Bool
    {
        try fixture.wait(for: "the sandbox's port") {
            process.hasEnded || !process.lines(with: "the sandbox is ready").isEmpty
        }
        return !process.hasEnded
    }

    private static func ended(_ process: PasserelleProcess) -> TestFailure {
        TestFailure("the sandbox ended: \(process.errors)")
    }

    /// A free port outside the range that the kernel assigns to connections, so that it is still
    /// free when a killed process is restarted on it.
    private static func freePort() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 15_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if result == 0 { return port }
        }
        throw TestFailure("no free port")
    }

    // MARK: - Life cycle

    /// Kills it, as a crash would.
    func kill() throws {
        process.signal(SIGKILL)
        try fixture.wait(for: "the sandbox's end") { process.hasEnded }
        caller = nil
    }

    /// Starts it again on the same port.
    func restart() throws {
        process = try Self.start(fixture, port)
        guard try Self.isListening(fixture, process) else { throw Self.ended(process) }
    }

    // MARK: - Requests

    /// Makes it misbehave, or behave again.
    func control(_ command: String) throws {
        let answer = try fixture.request(address, "POST", "/sandbox/\(command)")
        guard answer.status == 200 else { throw TestFailure("/sandbox/\(command): \(answer)") }
    }

    /// Publishes through signed REST, in order; `done` is called with the status.
    func publish(
        _ channel: String, _ event: String, _ data: String,
        done: @escaping (Int) -> Void
    ) {
        var body = Array(#"{"name":"#.utf8)
        JSONWriter.string(event, into: &body)
        body += Array(#","channels":["#.utf8)
        JSONWriter.string(channel, into: &body)
        body += Array(#"],"data":"#.utf8)
        JSONWriter.string(data, into: &body)
        body.append(UInt8(ascii: "}"))
        send("POST", "events", body: body) { done($0.status) }
    }

    /// Publishes and waits until the sandbox has accepted the event.
    func publish(_ channel: String, _ event: String, _ data: String) throws {
        var status: Int?
        publish(channel, event, data) { status = $0 }
        try fixture.wait(for: "the answer to a publication") { status != nil }
        guard status == 200 else {
            throw TestFailure("publishing was answered with \(status ?? 0)")
        }
    }

    /// Sends up to ten events in one request.
    func publishBatch(
        _ channel: String, _ event: String, _ data: [String], done: @escaping (Int) -> Void
    ) {
        var body = Array(#"{"batch":["#.utf8)
        for (index, text) in data.enumerated() {
            body += Array((index > 0 ? "," : "").utf8) + Array(#"{"name":"#.utf8)
            JSONWriter.string(event, into: &body)
            body += Array(#","channel":"#.utf8)
            JSONWriter.string(channel, into: &body)
            body += Array(#","data":"#.utf8)
            JSONWriter.string(text, into: &body)
            body.append(UInt8(ascii: "}"))
        }
        body += Array("]}".utf8)
        send("POST", "batch_events", body: body) { done($0.status) }
    }

    /// The user ids that its REST interface lists on a presence channel, without the gateway's.
    func users(of channel: String) throws -> Set<String> {
        var answer: HTTPResponse?
        send("GET", "channels/\(channel)/users", body: []) { answer = $0 }
        try fixture.wait(for: "the list of users") { answer != nil }
        let json = try JSONText(answer?.body ?? [])
        let users = try json.strings(at: ["users"], each: "id")
        return Set(users).subtracting(["passerelle"])
    }

    private func send(
        _ method: String, _ route: String, body: [UInt8], then: @escaping (HTTPResponse) -> Void
    ) {
        let path = "/apps/\(Self.appID)/\(route)"
        var query = [
            (name: "auth_key", value: Self.key),
            (name: "auth_timestamp", value: String(fixture.loop.wallMilliseconds / 1000)),
            (name: "auth_version", value: "1.0"),
        ]
        if !body.isEmpty { query.append(("body_md5", Hex.encode(Digest.md5(body)))) }
        let text = ChannelsSigning.request(method: method, path: path, query: query)
        query.append(("auth_signature", Self.sign(text)))
        let target = path + "?" + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        if caller?.end != nil { caller = nil }
        let line = caller ?? HTTPCaller(loop: fixture.loop, address: address)
        caller = line
        line.send(
            HTTPRequest(method: method, target: target, fields: ["Host": "localhost"], body: body),
            then: then)
    }

    /// The application's signature of a text.
    static func sign(_ text: [UInt8]) -> String {
        Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), text))
    }
}
