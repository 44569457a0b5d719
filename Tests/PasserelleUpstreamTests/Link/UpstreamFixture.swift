// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// An upstream over real sockets: a loop, a hub, a scripted server, and the log entries.
final class UpstreamFixture {
    let loop: EventLoop
    let hub: Hub
    let channels: ScriptedChannels
    let upstream: Upstream
    /// The log entries, abbreviated.
    private(set) var notes: [String] = []
    /// The permanent refusal, if any.
    private(set) var refusal: (code: Int, message: String)?

    init(
        client: TLSClient? = nil, server: TLSServer? = nil, host: String = "127.0.0.1",
        port: Int? = nil
    ) throws {
        loop = try EventLoop()
        channels = try ScriptedChannels(loop: loop, tls: server)
        hub = Hub(
            epoch: 7, configuration: HubConfiguration(),
            at: Moment(steady: loop.now, wall: WallTime(milliseconds: 0)))
        upstream = Upstream(
            loop: loop, hub: hub,
            server: ChannelsServer(
                appID: "1234", key: "app-key", secret: Array("app-secret".utf8),
                webSocketHost: host, restHost: host, port: port ?? channels.port, tls: client,
                memberID: "passerelle", clientVersion: "1.2.3"), jitter: { 0 })
        upstream.onLog = { [weak self] in self?.note($0) }
        upstream.rejectedPermanently = { [weak self] in self?.refusal = ($0, $1) }
        loop.atTurnEnd { [weak upstream, weak hub] in
            upstream?.flush()
            hub?.deliverUpdates()
        }
    }

    deinit {
        upstream.stop()
        channels.close()
    }

    /// Attaches a reader that receives entries from now on.
    func read(_ names: String...) -> ChannelReader {
        let reader = ChannelReader(hub)
        let now = Moment(steady: loop.now, wall: WallTime(milliseconds: 0))
        hub.attach(reader, to: names, from: .now, wantsSnapshot: true, at: now)
        return reader
    }

    /// Starts, and runs the loop until all wanted channels are subscribed.
    func settle(connections: Int = 1) throws {
        if connections == 1 { upstream.start() }
        try run { channels.connections.count == connections && upstream.isSettled }
    }

    func run(_ condition: () throws -> Bool) throws {
        try PasserelleTesting.run(loop, until: condition)
    }

    private func note(_ note: Upstream.Note) {
        switch note {
        case .established: notes.append("established")
        case .subscribed(let channel): notes.append("subscribed \(channel)")
        case .refused(let channel, let status, let words):
            notes.append("refused \(channel) \(status) \(words)")
        case .waits(_, let delay, let cause, _): notes.append("waits \(delay): \(cause)")
        case .rejected(let side, let cause, _): notes.append("\(side.name) rejected: \(cause)")
        case .error(let code, let words, _): notes.append("error \(code ?? 0) \(words)")
        }
    }
}

/// A reader that records the entries it receives, abbreviated.
final class ChannelReader: Reader {
    var cursor = Cursor()
    private let hub: Hub
    private(set) var received: [String] = []

    init(_ hub: Hub) { self.hub = hub }

    func updatesAvailable(on channel: Channel) {
        while let entry = hub.next(&cursor, at: .zero) { received.append(Self.short(entry)) }
    }

    private static func short(_ entry: Entry) -> String {
        switch entry {
        case .snapshot(let channel):
            "\(channel.name): " + channel.members.list.map(\.userID).joined(separator: " ")
        case .refusal(let channel, let status, _): "\(channel.name): refused \(status)"
        case .gap(let channel, let gap): "\(channel.name): gap \(gap.reason.rawValue)"
        case .event(let event): "\(event.channel): " + short(event.content)
        }
    }

    private static func short(_ content: Event.Content) -> String {
        switch content {
        case .message(let name, let data, let userID):
            name + " " + String(decoding: data, as: UTF8.self) + (userID.map { " " + $0 } ?? "")
        case .memberAdded(let member): "+\(member.userID)"
        case .memberRemoved(let userID): "-\(userID)"
        case .refused(let status, _): "refused \(status)"
        case .gap(let gap): "gap \(gap.reason.rawValue)"
        case .tombstone: "tombstone"
        }
    }
}
