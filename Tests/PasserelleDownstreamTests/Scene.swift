// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A hub and a Downstream on one loop, and an upstream that does as the test says.
final class Scene {
    let loop: EventLoop
    let hub: Hub
    private(set) var downstream: Downstream
    /// While true, each wanted channel is subscribed at once, with `members`.
    var subscribes = true
    var members: [Member] = []
    /// What was to be published, and what each publisher is told.
    private(set) var published: [(text: String, done: (PublishOutcome) -> Void)] = []
    /// What was to be sent in users' names, and what their senders are told.
    private(set) var sent: [String] = []
    var outcome = ClientEventOutcome.sent
    /// Who came (`+`), left (`-`) and polled (`~`).
    private(set) var attendance: [String] = []
    /// What the application's auth route was asked, and what is told its answers.
    private(set) var routeCalls: [RouteCall] = []
    /// What was refused: status, word and client.
    private(set) var refused: [String] = []
    /// Which limits were told of: the word and the client.
    private(set) var limits: [String] = []
    /// What the console is told of the rest of the house.
    var facts = GatewayFacts()
    /// The pass of a check, and the channels that it opens.
    var pass: (text: String, channels: [String])?
    /// What answers requests for other routes.
    private(set) var others: [(path: String, reply: (HTTPResponse) -> Void)] = []

    init(
        _ change: (inout DownstreamConfiguration, inout HubConfiguration) -> Void = { _, _ in }
    ) throws {
        loop = try EventLoop()
        var configuration = DownstreamConfiguration(
            channels: try ChannelPatterns("presence-*,private-*,c,d,e"))
        var hubConfiguration = HubConfiguration()
        change(&configuration, &hubConfiguration)
        hub = Hub(
            epoch: 7, configuration: hubConfiguration,
            at: Moment(
                steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds)))
        weak var scene: Scene?
        var services = DownstreamServices(
            publish: { channel, event, data, done in
                let text = "\(channel) \(event) \(String(decoding: data, as: UTF8.self))"
                scene?.published.append((text, done))
            },
            status: { Array(#"{"is":"well"}"#.utf8) },
            readiness: { scene?.subscribes == true ? (true, "ready") : (false, "away") },
            presence: Self.presence { scene },
            otherRoutes: { request, reply in
                guard request.path.hasPrefix("/other") else { return false }
                scene?.others.append((request.path, reply))
                return true
            })
        services.refused = { scene?.refused.append("\($0) \($1) \($2.host ?? "local")") }
        services.checks.opens = { scene?.pass?.text == $0 && scene?.pass?.channels == $1 }
        services.limitReached = { scene?.limits.append("\($0.word) \($1.host ?? "local")") }
        services.facts = { scene?.facts ?? GatewayFacts() }
        services.askRoute = { channel, fields, done in
            scene?.routeCalls.append(RouteCall(channel: channel, fields: fields, answer: done))
        }
        downstream = Downstream(
            loop: loop, hub: hub, configuration: configuration, services: services)
        scene = self
        loop.atTurnEnd { [weak self] in
            self?.subscribeWanted()
            self?.downstream.settle()
            self?.subscribeWanted()
        }
    }

    private static func presence(_ scene: @escaping () -> Scene?) -> PresenceServices {
        var services = PresenceServices()
        func note(_ sign: String, _ channels: [String], _ user: String) {
            scene()?.attendance.append(([sign] + channels + [user]).joined(separator: " "))
        }
        services.joined = { note("+", $0, $1.userID) }
        services.left = { note("-", $0, $1) }
        services.polled = { channels, identity in
            let info = identity.userInfo.map { " " + String(decoding: $0, as: UTF8.self) } ?? ""
            note("~", channels, identity.userID + info)
        }
        services.send = { event, data, channel, user, done in
            guard let scene = scene() else { return done(.unavailable) }
            guard scene.outcome == .sent else { return done(scene.outcome) }
            let text = String(decoding: data, as: UTF8.self)
            scene.sent.append("\(channel) \(user) \(event) \(text)")
            done(.sent)
        }
        return services
    }

    var now: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    /// Makes turns until nothing moves any more.
    func settle() throws {
        for _ in 0..<5 { try loop.turn(upTo: .zero) }
    }

    func say(_ channel: String, _ event: String, _ data: String = "1") {
        hub.heard(channel, event: event, data: Array(data.utf8), userID: nil, at: now)
    }

    func join(_ channel: String, _ user: String) {
        hub.memberAdded(channel, Member(userID: user, userInfo: nil), at: now)
    }

    func subscribe(_ channel: String, _ users: String...) {
        let members = users.map { Member(userID: $0, userInfo: nil) }
        hub.subscribed(channel, members: members, at: now)
    }

    /// A client of the HTTP surface.
    func http() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.http.accepted(pair.link)
        return Client(pair, self)
    }

    /// A client of the HTTP surface for operators.
    func admin() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.admin.accepted(pair.link)
        return Client(pair, self)
    }

    /// A client of the Unix socket's surface.
    func line() throws -> Client {
        let pair = try SocketPair(loop: loop)
        downstream.lines.accepted(pair.link)
        return Client(pair, self)
    }

    /// An open event stream.
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

/// A question to the application's auth route that waits for its answer.
struct RouteCall {
    let channel: String
    let fields: HTTPFields
    let answer: (AuthChecks.Answer) -> Void
}

/// A peer that sends and reads as it is told.
final class Client {
    let pair: SocketPair
    private let scene: Scene
    private var pending: [UInt8] = []

    init(_ pair: SocketPair, _ scene: Scene) {
        self.pair = pair
        self.scene = scene
    }

    func send(_ text: String) { pair.send(Array(text.utf8)) }

    /// Has the gateway's end of the socket hold few bytes.
    func narrow(to bytes: Int32 = 1) {
        var size = bytes
        setsockopt(pair.link.fileDescriptor, SOL_SOCKET, SO_SNDBUF, &size, 4)
    }

    /// What has come until nothing moves any more, and whether the connection ended behind it.
    func read() throws -> (bytes: [UInt8], isEnded: Bool) {
        var bytes: [UInt8] = []
        while true {
            try scene.settle()
            guard let some = pair.receive() else { return (bytes, true) }
            guard !some.isEmpty else { return (bytes, false) }
            bytes += some
        }
    }

    /// All that has come, as text.
    func text() throws -> String { String(decoding: try read().bytes, as: UTF8.self) }

    /// The lines that have come.
    func lines() throws -> [String] {
        let text = try text()
        precondition(text.isEmpty || text.hasSuffix("\n"), "a line is cut: \(text)")
        return text.split(separator: "\n").map(String.init)
    }

    /// Sends a request and gives the response to it.
    func request(_ head: String, isHEAD: Bool = false) throws -> HTTPResponse {
        send(head)
        return try response(isHEAD: isHEAD)
    }

    /// The next response, and nothing else.
    func response(isHEAD: Bool = false) throws -> HTTPResponse {
        guard let response = try responses(isHEAD: isHEAD).first else {
            throw TestFailure("there is no response")
        }
        return response
    }

    /// All responses that have come, which end where what has come ends.
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

    /// `GET` of a target over HTTP/1.1.
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

    /// What came since this was last asked.
    func messages() throws -> [EventStreamMessage] {
        try feed(try client.read().bytes)
    }

    /// Takes bytes that were read elsewhere.
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

    /// The names of what came since this was last asked.
    func names() throws -> [String] { try messages().map(\.event) }

    func close() { client.pair.close() }
}

/// A member of a JSON object, as text: a string's text, any other value's bytes.
func member(_ json: [UInt8], _ path: String...) -> String? {
    guard let root = try? JSONScanner.document(json.span),
        let value = JSONScanner.value(json.span, of: root, at: path)
    else { return nil }
    if let text = JSONScanner.text(json.span, value) { return text }
    return String(decoding: json[value.range], as: UTF8.self)
}

/// The members `name` of each event in the JSON that a poll or a history told.
func column(_ json: [UInt8], _ name: String) -> [String] {
    guard let root = try? JSONScanner.document(json.span),
        let events = JSONScanner.member(json.span, of: root, named: "events")
    else { return ["no events in \(String(decoding: json, as: UTF8.self))"] }
    return JSONScanner.elements(json.span, of: events).map { event in
        member(Array(json[event.range]), name) ?? "nothing"
    }
}
