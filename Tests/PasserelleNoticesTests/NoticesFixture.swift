// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire

@testable import PasserelleNotices
@testable import PasserelleUpstream

/// Notices over real sockets: a hub with a channel that ann left, and a server that plays Inngest.
final class NoticesFixture {
    static let channel = "presence-bail-42"

    let loop: EventLoop
    let hub: Hub
    let http: ScriptedHTTP
    let notices: Notices
    /// The present users reported by Channels; `nil`: no answer.
    var users: [String]? = []
    /// The users with readers, independent of the hub's members.
    var readers: Set<ChannelUser> = []
    private(set) var notes: [NoticeLogRecord] = []
    /// The appended bytes, in order; `done` is called at once unless `holdsStore` is set.
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
        hub = Hub(epoch: 1, configuration: configuration, at: loop.moment)
        var rules = NoticeConfiguration()
        rules.delay = .milliseconds(20)
        rules.channels = try ChannelPatterns("presence-bail-*")
        weak var fixture: NoticesFixture?
        notices = Notices(
            loop: loop, hub: hub, configuration: rules,
            inngest: Inngest(
                url: WebAddress(isTLS: false, host: "127.0.0.1", port: http.port), key: "k/1",
                tls: nil,
                timeout: timeout),
            store: NoticeStore(
                append: { fixture?.append($0, $1) }, replace: { _ in fixture?.replaced += 1 }),
            kept: kept, reads: { fixture?.readers.contains($0) == true },
            users: { _, done in loop.execute { done(fixture?.users) } })
        fixture = self
        notices.onLog = { [weak self] note, _ in self?.notes.append(note) }
        hub.subscribed(
            Self.channel, members: ["ann", "bob"].map { Member(userID: $0, userInfo: nil) },
            at: loop.moment)
        hub.memberRemoved(Self.channel, userID: "ann", at: loop.moment)
    }

    deinit { http.close() }

    /// Answers a request with a status and a body.
    func answers(_ status: Int, _ body: String = #"{"ids":["01"],"status":200}"#) {
        http.answer = { _, link in
            let response = HTTPResponse(status: status, body: Array(body.utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    func hear(_ name: String, _ data: String, on channel: String = channel) {
        let rule = RetractionRule(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
        let bytes = Array(data.utf8)
        let event = ReceivedEvent(
            channel: channel, name: name, data: bytes, sender: nil,
            keys: RetractionRule.keys(event: name, data: bytes, rules: [rule]))
        notices.received(event, at: loop.moment)
    }

    func publish(_ id: String, on channel: String = channel) {
        hear("new-message", #"{"message":{"id":"\#(id)","senderId":"bob"}}"#, on: channel)
    }

    func turn(until condition: () -> Bool) throws {
        try run(loop, until: condition)
    }

    /// Runs the loop until pending questions and calls would have arrived.
    func settle(for time: Duration = .milliseconds(150)) throws {
        let end = loop.now + time
        while loop.now < end { try loop.runOnce(timeout: .milliseconds(10)) }
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
