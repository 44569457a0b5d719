// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire

@testable import PasserelleUpstream

/// Notices over real sockets: a hub with a channel that ann left, and a server that stands in for
/// Inngest.
final class NoticesScene {
    static let channel = "presence-bail-42"

    let loop: EventLoop
    let hub: Hub
    let http: ScriptedHTTP
    let notices: Notices
    /// What Channels says of who is there; nil: it does not answer.
    var users: [String]? = []
    /// Who reads here, whatever the hub knows of them.
    var readers: Set<Attendee> = []
    private(set) var notes: [NoticeNote] = []
    /// What was to be kept, in order; `done` is called at once unless it is held.
    private(set) var appended: [[UInt8]] = []
    private(set) var replaced = 0
    var holdsStore = false
    private var held: [() -> Void] = []

    init(timeout: Duration = .seconds(10), kept: [NoticeRecord] = []) throws {
        let loop = try EventLoop()
        self.loop = loop
        http = try ScriptedHTTP(loop: loop)
        var configuration = HubConfiguration()
        configuration.pinned = [Self.channel]
        let now = Moment(
            steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
        hub = Hub(epoch: 1, configuration: configuration, at: now)
        var rules = NoticeConfiguration()
        rules.delay = .milliseconds(20)
        rules.channels = try ChannelPatterns("presence-bail-*")
        weak var scene: NoticesScene?
        notices = Notices(
            loop: loop, hub: hub, configuration: rules,
            inngest: Inngest(
                host: "127.0.0.1", port: http.port, base: "/", key: "k/1", tls: nil,
                timeout: timeout),
            store: NoticeStore(
                append: { scene?.append($0, $1) }, replace: { _ in scene?.replaced += 1 }),
            kept: kept, reads: { scene?.readers.contains($0) == true },
            users: { _, done in loop.soon { done(scene?.users) } })
        scene = self
        notices.noted = { [weak self] note, _ in self?.notes.append(note) }
        hub.subscribed(
            Self.channel, members: ["ann", "bob"].map { Member(userID: $0, userInfo: nil) },
            at: now)
        hub.memberRemoved(Self.channel, userID: "ann", at: now)
    }

    deinit { http.close() }

    var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    /// The server answers with a status and a body.
    func answers(_ status: Int, _ body: String = #"{"ids":["01"],"status":200}"#) {
        http.answer = { _, link in
            let response = HTTPResponse(status: status, body: Array(body.utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    func hear(_ name: String, _ data: String, on channel: String = channel) {
        let rule = Retraction(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
        let bytes = Array(data.utf8)
        let event = HeardEvent(
            channel: channel, name: name, data: bytes, sender: nil,
            keys: Retraction.keys(event: name, data: bytes, rules: [rule]))
        notices.heard(event, at: moment)
    }

    func say(_ id: String, on channel: String = channel) {
        hear("new-message", #"{"message":{"id":"\#(id)","senderId":"bob"}}"#, on: channel)
    }

    func turn(until condition: () -> Bool) throws {
        try run(loop, until: condition)
    }

    /// Turns until what is asked and sent at once would have come.
    func settle(for time: Duration = .milliseconds(150)) throws {
        let end = loop.now + time
        while loop.now < end { try loop.turn(upTo: .milliseconds(10)) }
    }

    func release() {
        holdsStore = false
        for done in held { done() }
        held = []
    }

    private func append(_ bytes: [UInt8], _ done: @escaping () -> Void) {
        appended.append(bytes)
        if holdsStore { held.append(done) } else { done() }
    }
}
