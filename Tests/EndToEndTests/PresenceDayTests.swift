// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Two users on WebSockets, readers at the gateway by stream, poll and line, and one member list
/// for all of them.
@Suite(.timeLimit(.minutes(5)))
struct PresenceDayTests {
    private let channel = "presence-bail-1"

    @Test func `whoever asks, on whatever way, sees who is there, all day long`() throws {
        let day = try PresenceDay(channel)
        try day.comeIn()
        try day.openAndCloseTabs()
        try day.type()
        try day.cut { try $0.control("drop") }
        try day.cut {
            try $0.kill()
            try $0.restart()
        }
        try day.cut { try $0.control("close?code=4200") }
        try day.type()
        try day.leave()
    }

    @Test func `where only the gateway is to be a member, only the gateway is`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PASSERELLE_PRESENCE": "observe"])
        let member = try ChannelsMember(stage, port: sandbox.port, userID: "w1", info: "{}")
        try member.join(channel)
        let readers = ["anne", "bob"].map {
            StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=\($0)")
        }
        try stage.wait(for: "the streams") { readers.allSatisfy { !$0.snapshots.isEmpty } }
        let sent = try stage.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=anne",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
        #expect(sent.status == 202)
        try stage.wait(for: "the typing") {
            readers[1].told.contains { $0.event == "client-typing" } && member.typing.count == 1
        }
        // Channels stamps it with the gateway's own id; whose it is stands in the data.
        #expect(member.typing == [#"passerelle {"isTyping":true,"userId":"anne"}"#])
        #expect(
            readers[1].told.map(\.said) == [
                #"client-typing {"isTyping":true,"userId":"anne"} anne"#
            ])
        #expect(readers[0].told.isEmpty)
        #expect(try sandbox.users(of: channel) == ["w1"])
    }

    @Test func `over Channels' limit of members, readers read and are no members`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let first = StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=anne")
        try stage.wait(for: "anne") { try sandbox.users(of: channel) == ["anne"] }
        try sandbox.control("deny?channel=presence-*&status=4100")
        let second = StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=bob")
        try stage.wait(for: "the log line") {
            !gateway.process.lines(with: "level=warning", "no member", "user=bob").isEmpty
        }
        try sandbox.publish(channel, "new-message", "{}")
        try stage.wait(for: "the message") {
            [first, second].allSatisfy { $0.told.contains { $0.event == "new-message" } }
        }
        #expect(try sandbox.users(of: channel) == ["anne"])
    }
}

/// The day, and what everybody sees of it.
private final class PresenceDay {
    private let channel: String
    private let stage: Stage
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private var webSockets: [ChannelsMember] = []
    private var streams: [StreamClient] = []
    /// Carl's browser holds no stream.
    private var poll: PollClient?
    /// A service of the host, which is nobody's.
    private let line: LineClient
    private var typings = 0

    init(_ channel: String) throws {
        self.channel = channel
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(channel)")
    }

    func comeIn() throws {
        streams.append(stream("anne"))
        try agree(["anne"])
        try join("w1")
        try agree(["anne", "w1"])
        streams.append(stream("bob"))
        try agree(["anne", "bob", "w1"])
        try join("w2")
        poll = PollClient(stage, gateway.http, [channel], .cursor, user: "carl")
        try agree(["anne", "bob", "carl", "w1", "w2"])
    }

    /// Second tabs, and a user on a WebSocket and on a stream at once, change nothing.
    func openAndCloseTabs() throws {
        let all: Set = ["anne", "bob", "carl", "w1", "w2"]
        let tab = stream("anne")
        try stage.wait(for: "the second tab") { !tab.snapshots.isEmpty }
        try join("w1")
        try join("bob")
        try agree(all)
        streams.append(tab)
        streams.removeFirst().close()
        webSockets.remove(at: 2).leave()
        try agree(all)
        // Longer than the grace of the tab that was closed.
        try rest(.seconds(11))
        try agree(all)
        #expect(changes(seenBy: webSockets[0]) == ["+bob", "+w2", "+carl"])
        #expect(ears.allSatisfy { !$0.told.contains { $0.event == "pusher:member_removed" } })
    }

    /// Everybody hears once who types, but they themselves.
    func type() throws {
        let before = webSockets.map(\.typing.count)
        let heard = streams.map(\.typing.count)
        // Behind a cut, the observer's connection may come back after all others: then 503.
        try stage.wait(for: "202") {
            let answer = try stage.request(
                gateway.http, "POST", "/channels/\(channel)/events?user=anne",
                fields: ["Content-Type": "application/json"],
                body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
            #expect(answer.status == 202 || answer.fields.contains("Retry-After"))
            return answer.status == 202
        }
        typings += 1
        let after = "after-\(typings)"
        try sandbox.publish(channel, after, "{}")
        try stage.wait(for: "what comes behind it") {
            ears.allSatisfy { $0.hasHeard(after) }
                && webSockets.allSatisfy { $0.hasHeard(after) }
        }
        let text = #"anne {"isTyping":true,"userId":"anne"}"#
        for (member, count) in zip(webSockets, before) {
            #expect(Array(member.typing.dropFirst(count)) == [text], "\(member.userID)")
        }
        for (stream, count) in zip(streams, heard) {
            // Anne's own stream is the last.
            #expect(
                Array(stream.typing.dropFirst(count)) == (stream === streams.last ? [] : [text]))
        }
        #expect(line.typing == Array(repeating: text, count: typings))
        #expect(poll?.typing == Array(repeating: text, count: typings))
    }

    /// Cuts everybody's connections to Channels: who reads at the gateway never went.
    func cut(_ harm: (SandboxProcess) throws -> Void) throws {
        let users = webSockets.map(\.userID)
        let ears = ears
        let told = ears.map(\.told.count)
        try harm(sandbox)
        try stage.wait(for: "the end of the WebSockets") { webSockets.allSatisfy(\.isOver) }
        webSockets = []
        for user in users { try join(user) }
        try agree(["anne", "bob", "carl", "w1", "w2"])
        for (ear, count) in zip(ears, told) {
            let ours = ear.told.dropFirst(count).filter { told in
                told.isMemberChange
                    && ["anne", "bob", "carl"].contains { told.data.contains("\"\($0)\"") }
            }
            #expect(ours.isEmpty, "\(ear.name): \(ours)")
        }
    }

    func leave() throws {
        // Bob is on a WebSocket as well: he is there until both are gone.
        streams.first?.close()
        streams.removeFirst()
        try rest(.seconds(11))
        try agree(["anne", "bob", "carl", "w1", "w2"])
        let index = try #require(webSockets.firstIndex { $0.userID == "bob" })
        webSockets.remove(at: index).leave()
        try agree(["anne", "carl", "w1", "w2"])
        streams.removeLast().close()
        try rest(.seconds(8))
        try agree(["anne", "carl", "w1", "w2"])
        try agree(["carl", "w1", "w2"])
    }

    // MARK: - Who does what

    private func stream(_ user: String) -> StreamClient {
        StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=\(user)")
    }

    private func join(_ user: String) throws {
        let member = try ChannelsMember(stage, port: sandbox.port, userID: user, info: "{}")
        try member.join(channel)
        webSockets.append(member)
    }

    private func rest(_ time: Duration) throws {
        let end = ContinuousClock.now + time
        try stage.wait(for: "time") { ContinuousClock.now >= end }
    }

    // MARK: - Who sees what

    /// Everybody who reads at the gateway.
    private var ears: [any Ear] { streams + [line] + (poll.map { [$0] } ?? []) }

    /// What everybody who reads at the gateway made of it, by a name for failures.
    private var rolls: [String: Roll] {
        var rolls: [String: Roll] = ["line": line.rolls[channel] ?? Roll()]
        for (index, stream) in streams.enumerated() {
            rolls["\(index). stream"] = stream.rolls[channel] ?? Roll()
        }
        if let poll { rolls["poll"] = poll.rolls[channel] ?? Roll() }
        return rolls
    }

    /// Waits until everybody sees the same: WebSockets, streams, the poll, the line, who asks the
    /// gateway for the members, and Channels' REST; nobody was told of a change twice.
    private func agree(_ users: Set<String>) throws {
        var views: [String: Set<String>] = [:]
        func areAllRight() throws -> Bool {
            for (index, member) in webSockets.enumerated() {
                views["\(index). WebSocket, \(member.userID)"] = member.members
            }
            for (name, roll) in rolls { views[name] = roll.users }
            guard views.values.allSatisfy({ $0 == users }) else { return false }
            views["REST"] = try sandbox.users(of: channel)
            views["gateway"] = Set(try gateway.members(of: channel).keys)
            return views.values.allSatisfy { $0 == users }
        }
        do {
            try stage.wait(for: "\(users.sorted())") { try areAllRight() }
        } catch {
            throw TestFailure("not \(users.sorted()): \(views)\n\(error)")
        }
        #expect(rolls.allSatisfy { $0.value.repeated.isEmpty }, "\(rolls)")
        #expect(poll?.failure == nil && line.failure == nil)
    }

    private func changes(seenBy member: ChannelsMember) -> [String] {
        member.messages.compactMap { message in
            switch message {
            case .memberAdded(_, let member): "+" + member.userID
            case .memberRemoved(_, let userID): "-" + userID
            default: nil
            }
        }
    }
}
