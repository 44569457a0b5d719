// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers that read at random times and move from surface to surface with their position,
/// compared with a plain list of all events.
struct MovingReaderTests {
    private static let channels = ["c", "d", "e"]

    private func readers(
        in fixture: DownstreamFixture, _ sent: [String: Int], using random: inout SeededRandom
    ) -> [MovingReader] {
        var readers: [MovingReader] = []
        for number in 0..<8 {
            var channels = Self.channels.filter { _ in Bool.random(using: &random) }
            if channels.isEmpty { channels = ["c"] }
            readers.append(
                MovingReader(fixture, channels, sent, isSteady: number < 2, seed: random.next()))
        }
        return readers
    }

    /// Publishes up to four events, each with the number of its predecessors on the channel.
    private func publishSome(
        to fixture: DownstreamFixture, _ sent: inout [String: Int],
        using random: inout SeededRandom
    ) {
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            guard let channel = Self.channels.randomElement(using: &random) else { continue }
            let size = Int.random(in: 0...2000, using: &random)
            let text = String(repeating: "z", count: size)
            fixture.publish(channel, String(sent[channel, default: 0]), "\"\(text)\"")
            sent[channel, default: 0] += 1
        }
    }

    private func expectComplete(
        _ reader: MovingReader, _ sent: [String: Int], _ label: String
    ) throws {
        try reader.readAll()
        for channel in reader.channels {
            let failure = reader.failure(on: channel, of: sent[channel, default: 0])
            #expect(failure == nil, "\(label), \(channel)")
        }
        if reader.isSteady {
            #expect(!reader.reasons.contains("evicted"), "\(label)")
        }
    }

    @Test(arguments: 0..<6)
    func `every surface delivers the same events, in order and once, or a gap`(round: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let fixture = try DownstreamFixture { _, hub in
            hub.log.events = Int.random(in: 8...16, using: &random)
        }
        var sent = Dictionary(uniqueKeysWithValues: Self.channels.map { ($0, 0) })
        let keeper = try fixture.stream("channel=c&channel=d&channel=e")
        _ = try keeper.messages()
        let readers = readers(in: fixture, sent, using: &random)
        for reader in readers { try reader.arrive() }
        for _ in 0..<200 {
            publishSome(to: fixture, &sent, using: &random)
            if Int.random(in: 0..<60, using: &random) == 0 {
                fixture.hub.lost(at: fixture.now)
                for channel in Self.channels { fixture.subscribe(channel) }
            }
            if Bool.random(using: &random) { try fixture.settle() }
            for reader in readers { try reader.step() }
        }
        for channel in Self.channels {
            fixture.publish(channel, String(sent[channel, default: 0]))
            sent[channel, default: 0] += 1
        }
        for (number, reader) in readers.enumerated() {
            try expectComplete(reader, sent, "seed \(seed), reader \(number)")
        }
    }
}

/// A reader that moves through the surfaces, and the events that it received.
private final class MovingReader {
    private enum Surface {
        case stream(Stream)
        case poll(Client)
        case line(Client)
    }

    let channels: [String]
    /// True if it reads all in every step and does not move.
    let isSteady: Bool
    /// The reasons of the gaps that it received.
    private(set) var reasons: Set<String> = []
    private let fixture: DownstreamFixture
    private let start: [String: Int]
    private var random: SeededRandom
    private var surface: Surface?
    private var position: String?
    private var received: [(channel: String, event: String)] = []

    init(
        _ fixture: DownstreamFixture, _ channels: [String], _ sent: [String: Int], isSteady: Bool,
        seed: UInt64
    ) {
        self.fixture = fixture
        self.channels = channels
        self.isSteady = isSteady
        start = sent
        random = SeededRandom(seed: seed)
    }

    /// Connects to a random surface, the first time or with its position.
    func arrive() throws {
        let query = channels.map { "channel=\($0)" }.joined(separator: "&")
        let after = position.map { "&after=\($0)" } ?? ""
        switch Int.random(in: 0..<(channels.count == 1 ? 4 : 3), using: &random) {
        case 0, 1:
            let version = Bool.random(using: &random) ? "1.1" : "1.0"
            let isHeader = Bool.random(using: &random)
            let fields = position.map { isHeader ? "Last-Event-ID: \($0)\r\n" : "" } ?? ""
            let stream = try fixture.stream(
                query + (isHeader ? "" : after), fields: fields, version: version)
            if !isSteady { stream.client.narrow() }
            surface = .stream(stream)
        case 2: surface = .poll(try fixture.http())
        default:
            let client = try fixture.line()
            if !isSteady { client.narrow() }
            client.send(
                "SUBSCRIBE \(channels[0])\(position.map { " after=\($0)" } ?? "")\n")
            surface = .line(client)
        }
        try read()
    }

    /// Reads, waits, or moves to another surface.
    func step() throws {
        if isSteady { return try readAll() }
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            switch surface {
            case .stream(let stream): stream.close()
            case .poll(let client), .line(let client): client.pair.close()
            case nil: break
            }
            try arrive()
        case 1...4: try read()
        default: break
        }
    }

    /// Reads until there are no more events.
    func readAll() throws {
        while try read() {}
    }

    @discardableResult
    private func read() throws -> Bool {
        switch surface {
        case .stream(let stream):
            for message in try stream.messages() { take(message.data, id: message.id) }
            return false
        case .line(let client):
            for line in try client.lines() { try take(line: line) }
            return false
        case .poll(let client): return try poll(client)
        case nil: return false
        }
    }

    private func poll(_ client: Client) throws -> Bool {
        let query = channels.map { "channel=\($0)" }.joined(separator: "&")
        let limit = Int.random(in: 1...20, using: &random)
        let usesTag = Bool.random(using: &random)
        let after = position.map { usesTag ? "" : "&after=\($0)" } ?? ""
        let field = position.map { usesTag ? "If-None-Match: \"\($0)\"\r\n" : "" } ?? ""
        let answer = try client.get("/poll?\(query)\(after)&limit=\(limit)", field)
        guard answer.status == 200 else { return false }
        for (index, name) in column(answer.body, "event").enumerated() {
            let channel = column(answer.body, "channel")[index]
            note(channel, name)
        }
        position = member(answer.body, "position")
        return member(answer.body, "more") == "true"
    }

    private func take(line: String) throws {
        if line.hasPrefix("OK SUBSCRIBE") {
            let json = Array(line.utf8.drop { $0 != UInt8(ascii: "{") })
            position = member(json, "position")
        } else if line.hasPrefix("EVENT ") {
            let json = Array(line.utf8.dropFirst(6))
            take(json, id: member(json, "id") ?? "")
        } else {
            throw TestFailure("unexpected line: \(line)")
        }
    }

    private func take(_ json: [UInt8], id: String) {
        position = id
        guard let channel = member(json, "channel"), let name = member(json, "event") else {
            return
        }
        if name == "passerelle:gap" { reasons.insert(member(json, "data", "reason") ?? "") }
        note(channel, name)
    }

    private func note(_ channel: String, _ name: String) {
        if !name.hasPrefix("pusher:") { received.append((channel, name)) }
    }

    /// Returns the first error in the events received on a channel with `count` events, or `nil`.
    func failure(on channel: String, of count: Int) -> String? {
        var next = start[channel, default: 0]
        var mayMiss = false
        for item in received where item.channel == channel {
            guard let number = Int(item.event) else {
                mayMiss = true
                continue
            }
            guard number == next || (number > next && mayMiss) else {
                return "\(number) came where \(next) was due"
            }
            next = number + 1
            mayMiss = false
        }
        return next == count ? nil : "\(next) of \(count)"
    }
}
