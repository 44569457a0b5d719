// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Two users on WebSockets, readers at the gateway by stream, poll and line, and one member list
/// for all of them.
struct PresenceScenarioTests {
    private let channel = "presence-bail-1"

    @Test func `every surface shows the same members throughout`() throws {
        let scenario = try PresenceScenario(channel)
        try scenario.comeIn()
        try scenario.openAndCloseTabs()
        try scenario.type()
        try scenario.cut { try $0.control("drop") }
        try scenario.cut {
            try $0.kill()
            try $0.restart()
        }
        try scenario.cut { try $0.control("close?code=4200") }
        try scenario.type()
        try scenario.leave()
    }

    @Test func `with observe the gateway is the only member`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_PRESENCE": "observe"])
        let member = try ChannelsMember(fixture, port: sandbox.port, userID: "w1", info: "{}")
        try member.join(channel)
        let readers = ["anne", "bob"].map {
            StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=\($0)")
        }
        try fixture.wait(for: "the streams") { readers.allSatisfy { !$0.snapshots.isEmpty } }
        let sent = try fixture.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=anne",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
        #expect(sent.status == 202)
        try fixture.wait(for: "the typing") {
            readers[1].delivered.contains { $0.event == "client-typing" }
                && member.typing.count == 1
        }
        // Channels stamps the event with the gateway's own id; the data has the user's.
        #expect(member.typing == [#"passerelle {"isTyping":true,"userId":"anne"}"#])
        #expect(
            readers[1].delivered.map(\.published) == [
                #"client-typing {"isTyping":true,"userId":"anne"} anne"#
            ])
        #expect(readers[0].delivered.isEmpty)
        #expect(try sandbox.users(of: channel) == ["w1"])
    }

    @Test func `over Channels' member limit readers keep reading without membership`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let first = StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=anne")
        try fixture.wait(for: "anne") { try sandbox.users(of: channel) == ["anne"] }
        try sandbox.control("deny?channel=presence-*&status=4100")
        let second = StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=bob")
        try fixture.wait(for: "the log line") {
            !gateway.process.lines(with: "level=warning", "not a member", "user=bob").isEmpty
        }
        try sandbox.publish(channel, "new-message", "{}")
        try fixture.wait(for: "the message") {
            [first, second].allSatisfy { $0.delivered.contains { $0.event == "new-message" } }
        }
        #expect(try sandbox.users(of: channel) == ["anne"])
    }
}

/// The scenario's events, and the members that each surface shows.
private final class PresenceScenario {
    private let channel: String
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private var webSockets: [ChannelsMember] = []
    private var streams: [StreamClient] = []
    /// Carl only polls.
    private var poll: PollClient?
    /// A service of this host, without a user.
    private let line: LineClient
    private var typings = 0

    init(_ channel: String) throws {
        self.channel = channel
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(channel)")
    }

    func comeIn() throws {
        streams.append(stream("anne"))
        try agree(["anne"])
        try join("w1")
        try agree(["anne", "w1"])
        streams.append(stream("bob"))
        try agree(["anne", "bob", "w1"])
        try join("w2")
        poll = PollClient(fixture, gateway.http, [channel], .cursor, user: "carl")
        try agree(["anne", "bob", "carl", "w1", "w2"])
    }

    /// A second tab, or a user on a WebSocket and on a stream at the same time, causes no member
    /// event.
    func openAndCloseTabs() throws {
        let all: Set = ["anne", "bob", "carl", "w1", "w2"]
        let tab = stream("anne")
        try fixture.wait(for: "the second tab") { !tab.snapshots.isEmpty }
        try join("w1")
        try join("bob")
        try agree(all)
        streams.append(tab)
        streams.removeFirst().close()
        webSockets.remove(at: 2).leave()
        try agree(all)
        // Longer than the grace period of the closed tab.
        try fixture.rest(.seconds(11))
        try agree(all)
        #expect(changes(seenBy: webSockets[0]) == ["+bob", "+w2", "+carl"])
        #expect(
            readers.allSatisfy { !$0.delivered.contains { $0.event == "pusher:member_removed" } })
    }

    /// Checks that each reader and WebSocket but the sender's own reader receives typing once.
    func type() throws {
        let before = webSockets.map(\.typing.count)
        let received = streams.map(\.typing.count)
        // After a cut, the observer's connection may be the last to return: until then, 503.
        try fixture.wait(for: "202") {
            let answer = try fixture.request(
                gateway.http, "POST", "/channels/\(channel)/events?user=anne",
                fields: ["Content-Type": "application/json"],
                body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
            #expect(answer.status == 202 || answer.fields.contains("Retry-After"))
            return answer.status == 202
        }
        typings += 1
        // The event arrives at Channels on another connection than the publication below.
        try fixture.wait(for: "the typing at Channels") {
            zip(webSockets, before).allSatisfy { $0.typing.count > $1 }
        }
        let after = "after-\(typings)"
        try sandbox.publish(channel, after, "{}")
        try fixture.wait(for: "the event behind it") {
            readers.allSatisfy { $0.hasReceived(after) }
                && webSockets.allSatisfy { $0.hasReceived(after) }
        }
        let text = #"anne {"isTyping":true,"userId":"anne"}"#
        for (member, count) in zip(webSockets, before) {
            #expect(Array(member.typing.dropFirst(count)) == [text], "\(member.userID)")
        }
        for (stream, count) in zip(streams, received) {
            // Anne's own stream is the last.
            #expect(
                Array(stream.typing.dropFirst(count)) == (stream === streams.last ? [] : [text]))
        }
        #expect(line.typing == Array(repeating: text, count: typings))
        #expect(poll?.typing == Array(repeating: text, count: typings))
    }

    /// Cuts all connections to Channels: readers of the gateway must not leave meanwhile.
    func cut(_ harm: (SandboxProcess) throws -> Void) throws {
        let users = webSockets.map(\.userID)
        let readers = readers
        let delivered = readers.map(\.delivered.count)
        try harm(sandbox)
        try fixture.wait(for: "the end of the WebSockets") { webSockets.allSatisfy(\.isEnded) }
        webSockets = []
        for user in users { try join(user) }
        try agree(["anne", "bob", "carl", "w1", "w2"])
        for (reader, count) in zip(readers, delivered) {
            let ours = reader.delivered.dropFirst(count).filter { delivered in
                delivered.isMemberChange
                    && ["anne", "bob", "carl"].contains { delivered.data.contains("\"\($0)\"") }
            }
            #expect(ours.isEmpty, "\(reader.name): \(ours)")
        }
    }

    func leave() throws {
        // Bob has a WebSocket too: he is a member until both are closed.
        streams.first?.close()
        streams.removeFirst()
        try fixture.rest(.seconds(11))
        try agree(["anne", "bob", "carl", "w1", "w2"])
        let index = try #require(webSockets.firstIndex { $0.userID == "bob" })
        webSockets.remove(at: index).leave()
        try agree(["anne", "carl", "w1", "w2"])
        let closed = ContinuousClock.now
        streams.removeLast().close()
        try agree(["carl", "w1", "w2"])
        #expect(ContinuousClock.now - closed >= .seconds(10), "the grace period")
    }

    // MARK: - Users

    private func stream(_ user: String) -> StreamClient {
        StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=\(user)")
    }

    private func join(_ user: String) throws {
        let member = try ChannelsMember(fixture, port: sandbox.port, userID: user, info: "{}")
        try member.join(channel)
        webSockets.append(member)
    }

    // MARK: - Members

    /// All readers of the gateway.
    private var readers: [any SurfaceClient] { streams + [line] + (poll.map { [$0] } ?? []) }

    /// The members as each reader of the gateway computes them, by a name for failures.
    private var memberSets: [String: MemberSet] {
        var memberSets: [String: MemberSet] = ["line": line.memberSets[channel] ?? MemberSet()]
        for (index, stream) in streams.enumerated() {
            memberSets["\(index). stream"] = stream.memberSets[channel] ?? MemberSet()
        }
        if let poll { memberSets["poll"] = poll.memberSets[channel] ?? MemberSet() }
        return memberSets
    }

    /// Waits until all agree on the members: WebSockets, streams, the poll, the line, the gateway's
    /// member list and Channels' REST.
    ///
    /// Checks that no change was delivered twice.
    private func agree(_ users: Set<String>) throws {
        var views: [String: Set<String>] = [:]
        func areAllRight() throws -> Bool {
            for (index, member) in webSockets.enumerated() {
                views["\(index). WebSocket, \(member.userID)"] = member.members
            }
            for (name, memberSet) in memberSets { views[name] = memberSet.users }
            guard views.values.allSatisfy({ $0 == users }) else { return false }
            views["REST"] = try sandbox.users(of: channel)
            views["gateway"] = Set(try gateway.members(of: channel).keys)
            return views.values.allSatisfy { $0 == users }
        }
        do {
            try fixture.wait(for: "\(users.sorted())") { try areAllRight() }
        } catch {
            throw TestFailure("not \(users.sorted()): \(views)\n\(error)")
        }
        #expect(memberSets.allSatisfy { $0.value.repeated.isEmpty }, "\(memberSets)")
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
