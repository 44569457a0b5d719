// SPDX-License-Identifier: MIT

import Glibc
import PasserelleAdmin
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A hub and a `Downstream` on one loop, with an upstream controlled by the test.
final class DownstreamFixture {
    let loop: EventLoop
    let hub: Hub
    private(set) var downstream: Downstream
    /// If true, each wanted channel is subscribed immediately, with `members`.
    var subscribes = true
    var members: [Member] = []
    /// Published events, and the callbacks for their outcomes.
    private(set) var published: [(text: String, done: (PublishOutcome) -> Void)] = []
    /// Client events sent as users.
    private(set) var sent: [String] = []
    var outcome = ClientEventOutcome.sent
    /// Users that joined (`+`), left (`-`), polled (`~`) and were revoked (`!`).
    private(set) var tracker: [String] = []
    /// Calls to the application's auth route that wait for an answer.
    private(set) var routeCalls: [RouteCall] = []
    /// How often the route named different users for one request.
    private(set) var reportDifferentUsers = 0
    /// Refusals: status, code and client.
    private(set) var refused: [String] = []
    /// Revocations: user, channel, ended streams and waiting requests.
    private(set) var revoked: [String] = []
    /// If true, the test completes the writing of revocations by calling the stored callbacks.
    var holdsRevocations = false
    private(set) var heldRevocations: [(Bool) -> Void] = []
    /// Reached limits: the name and the client.
    private(set) var limits: [String] = []
    /// The operators' console.
    let consoles: Consoles
    /// The version that the console shows.
    var version = ""
    /// The pass of a check, and the channels that it allows.
    var pass: (text: String, channels: [String])?
    /// Requests for other routes, and the callbacks for their answers.
    private(set) var others: [(path: String, reply: (HTTPResponse) -> Void)] = []

    /// Creates a fixture; with a manual clock, time passes only when the test advances it.
    init(
        clock: LoopClock = .system, epochs: EpochHistory = EpochHistory(7),
        showsContent: Bool = false,
        consoleInterval: Duration = .seconds(1),
        _ change: (inout DownstreamConfiguration, inout HubConfiguration) -> Void = { _, _ in }
    ) throws {
        loop = try EventLoop(clock: clock)
        var configuration = DownstreamConfiguration(
            channels: try ChannelPatterns("presence-*,private-*,c,d,e"))
        var hubConfiguration = HubConfiguration()
        change(&configuration, &hubConfiguration)
        hub = Hub(
            epochs: epochs, configuration: hubConfiguration,
            at: Moment(
                steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds)))
        weak var fixture: DownstreamFixture?
        downstream = Downstream(
            loop: loop, hub: hub, configuration: configuration,
            services: Self.services { fixture })
        consoles = Consoles(
            loop: loop, hub: hub, stalls: downstream.stalls, showsContent: showsContent,
            interval: consoleInterval
        ) { fixture?.snapshot ?? GatewaySnapshot() }
        downstream.console = consoles
        fixture = self
        loop.atTurnEnd { [weak self] in
            self?.subscribeWanted()
            self?.downstream.flush()
            self?.subscribeWanted()
        }
    }

    private static func services(
        _ fixture: @escaping () -> DownstreamFixture?
    ) -> DownstreamServices {
        var services = DownstreamServices(
            publish: { channel, event, data, done in
                let text = "\(channel) \(event) \(String(decoding: data, as: UTF8.self))"
                fixture()?.published.append((text, done))
            },
            status: { Array(#"{"is":"well"}"#.utf8) },
            readiness: { fixture()?.subscribes == true ? (true, "ready") : (false, "away") },
            presence: presence(fixture),
            otherRoutes: { request, reply in
                guard request.path.hasPrefix("/other") else { return false }
                fixture()?.others.append((request.path, reply))
                return true
            })
        services.refused = { fixture()?.refused.append("\($0) \($1) \($2.host ?? "local")") }
        services.checks.opens = { fixture()?.pass?.text == $0 && fixture()?.pass?.channels == $1 }
        services.limitReached = { fixture()?.limits.append("\($0.rawValue) \($1.host ?? "local")") }
        services.reportDifferentUsers = { fixture()?.reportDifferentUsers += 1 }
        services.revoked = { user, channel, outcome, _, done in
            fixture()?.revoked.append(
                "\(user) \(channel ?? "*") \(outcome.streams) \(outcome.requests)")
            guard fixture()?.holdsRevocations == true else { return done(true) }
            fixture()?.heldRevocations.append(done)
        }
        services.askRoute = { channel, fields, done in
            fixture()?.routeCalls.append(RouteCall(channel: channel, fields: fields, answer: done))
        }
        return services
    }

    private static func presence(_ fixture: @escaping () -> DownstreamFixture?) -> PresenceServices
    {
        var services = PresenceServices()
        func note(_ sign: String, _ channels: [String], _ user: String) {
            fixture()?.tracker.append(([sign] + channels + [user]).joined(separator: " "))
        }
        services.revoked = { note("!", $0.map { [$0] } ?? [], $1) }
        services.joined = { note("+", $0, $1.userID) }
        services.left = { note("-", $0, $1) }
        services.polled = { channels, identity in
            let info = identity.userInfo.map { " " + String(decoding: $0, as: UTF8.self) } ?? ""
            note("~", channels, identity.userID + info)
        }
        services.send = { event, data, channel, user, done in
            guard let fixture = fixture() else { return done(.unavailable) }
            guard fixture.outcome == .sent else { return done(fixture.outcome) }
            let text = String(decoding: data, as: UTF8.self)
            fixture.sent.append("\(channel) \(user) \(event) \(text)")
            done(.sent)
        }
        return services
    }

    private var snapshot: GatewaySnapshot {
        var snapshot = GatewaySnapshot()
        snapshot.version = version
        snapshot.hub = .init(hub)
        snapshot.downstream = .init(downstream)
        return snapshot
    }

    var now: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    /// Runs turns until there is no more activity.
    func settle() throws {
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
    }

    func publish(_ channel: String, _ event: String, _ data: String = "1") {
        hub.received(channel, event: event, data: Array(data.utf8), userID: nil, at: now)
    }

    func join(_ channel: String, _ user: String) {
        hub.memberAdded(channel, Member(userID: user, userInfo: nil), at: now)
    }

    func subscribe(_ channel: String, _ users: String...) {
        let members = users.map { Member(userID: $0, userInfo: nil) }
        hub.subscribed(channel, members: members, at: now)
    }

    /// Returns a client of the HTTP surface.
    func http() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.http.accepted(pair.link)
        return Client(pair, self)
    }

    /// Returns a client of the operators' HTTP surface.
    func admin() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.admin.accepted(pair.link)
        return Client(pair, self)
    }

    /// Returns a client of the Unix socket.
    func line() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.lines.accepted(pair.link)
        return Client(pair, self)
    }

    /// Returns an open event stream.
    func stream(_ query: String, fields: String = "", version: String = "1.1") throws -> Stream {
        let client = try http()
        client.send("GET /events?\(query) HTTP/\(version)\r\nHost: h\r\n\(fields)\r\n")
        try settle()
        return Stream(client)
    }

    private func subscribeWanted() {
        for demand in hub.takeDemands() {
            guard subscribes, case .subscribe(let name) = demand else { continue }
            hub.subscribed(name, members: members, at: now)
        }
    }
}

/// A call to the application's auth route that waits for its answer.
struct RouteCall {
    let channel: String
    let fields: HTTPFields
    let answer: (AuthRouteAnswer) -> Void
}

/// A peer controlled by the test.
final class Client {
    let pair: SocketPair
    private let fixture: DownstreamFixture
    private var pending: [UInt8] = []

    init(_ pair: SocketPair, _ fixture: DownstreamFixture) {
        self.pair = pair
        self.fixture = fixture
    }

    func send(_ text: String) { pair.send(Array(text.utf8)) }

    /// Reduces the buffer of the gateway's end of the socket.
    func narrow(to bytes: Int32 = 1) {
        var size = bytes
        setsockopt(pair.link.fileDescriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    }

    /// Returns the bytes received until there is no more activity, and whether the connection
    /// ended.
    func read() throws -> (bytes: [UInt8], isEnded: Bool) {
        var bytes: [UInt8] = []
        while true {
            try fixture.settle()
            guard let some = pair.receive() else { return (bytes, true) }
            guard !some.isEmpty else { return (bytes, false) }
            bytes += some
        }
    }

    /// Returns all received bytes as text.
    func text() throws -> String { String(decoding: try read().bytes, as: UTF8.self) }

    /// Returns the received lines.
    func lines() throws -> [String] {
        let text = try text()
        precondition(text.isEmpty || text.hasSuffix("\n"), "a line is cut: \(text)")
        return text.split(separator: "\n").map(String.init)
    }

    /// Sends a request and returns its response.
    func request(_ head: String, isHEAD: Bool = false) throws -> HTTPResponse {
        send(head)
        return try response(isHEAD: isHEAD)
    }

    /// Returns the next response, which must be the only one.
    func response(isHEAD: Bool = false) throws -> HTTPResponse {
        guard let response = try responses(isHEAD: isHEAD).first else {
            throw TestFailure("there is no response")
        }
        return response
    }

    /// Returns all responses received; the input must end with one.
    func responses(isHEAD: Bool = false) throws -> [HTTPResponse] {
        var limits = HTTPLimits()
        limits.bodyBytes = .max
        var parser = HTTPResponseParser(limits: limits)
        if isHEAD { parser.requestWasHEAD() }
        let (bytes, isEnded) = try read()
        parser.append(bytes.span)
        var responses: [HTTPResponse] = []
        while let response = try parser.next() { responses.append(response) }
        if isEnded, let last = try parser.closedByPeer() { responses.append(last) }
        let rest = parser.takeRemainder()
        guard rest.isEmpty else { throw TestFailure("\(rest.count) bytes are no response") }
        return responses
    }

    /// Sends `GET` for a target over HTTP/1.1.
    func get(_ target: String, _ fields: String = "") throws -> HTTPResponse {
        try request("GET \(target) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
    }
}

/// The client's side of an event stream; every byte goes through the parsers of both framings.
final class Stream {
    let client: Client
    private(set) var head: HTTPResponse?
    private(set) var isEnded = false
    private var http: HTTPResponseStreamParser
    private(set) var events = EventStreamParser(limit: 16 << 20)

    init(_ client: Client) {
        var limits = HTTPLimits()
        limits.bodyBytes = .max
        http = HTTPResponseStreamParser(limits: limits)
        self.client = client
    }

    /// Returns the messages since the last call.
    func messages() throws -> [EventStreamMessage] {
        try feed(try client.read().bytes)
    }

    /// Parses bytes that were read elsewhere.
    func feed(_ bytes: [UInt8]) throws -> [EventStreamMessage] {
        http.append(bytes.span)
        var messages: [EventStreamMessage] = []
        while let part = try http.next() {
            switch part {
            case .head(let response): head = response
            case .end: isEnded = true
            case .body(let body):
                events.append(body.span)
                while let message = try events.next() { messages.append(message) }
            }
        }
        return messages
    }

    /// Returns the names of the messages since the last call.
    func names() throws -> [String] { try messages().map(\.event) }

    func close() { client.pair.close() }
}
