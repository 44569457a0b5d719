// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting

/// A hub and journal over a simulated disk, for several runs, with a plain list of all events
/// published.
final class JournalFixture {
    /// One published event.
    struct PublishedEvent {
        let channel: String
        let text: String
        let position: Position
        let key: String
        let isEphemeral: Bool
        var isRetracted = false
        /// The index of the event that deleted it last.
        var deletion: Int?
        /// True once its retraction is known to be on the disk.
        var isErased = false
    }

    var random: SeededRandom
    var disk = SimulatedDisk()
    private(set) var hub: Hub
    private(set) var journal: Journal
    private(set) var published: [PublishedEvent] = []
    /// Positions that a reader may hold, each with the number of events published before.
    private(set) var positions: [(position: Position, count: Int)] = []
    private(set) var damaged = 0
    private var batch: [DiskOperation]?
    private var epoch: UInt64 = 100
    private(set) var seconds = 0
    private var retractions: [(index: Int, sequence: UInt64)] = []
    let channels = ["a", "b", "c", "d"]

    static let limits: JournalLimits = {
        var limits = JournalLimits()
        limits.segmentBytes = 600
        limits.sliceBytes = 200
        limits.floorBytes = 1500
        limits.waitingBytes = 2000
        return limits
    }()

    static let configuration: HubConfiguration = {
        var configuration = HubConfiguration()
        configuration.log = LogLimits(events: 12, bytes: 1 << 20, age: .seconds(500))
        configuration.linger = .seconds(20)
        return configuration
    }()

    var now: Moment { moment(seconds) }

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var recovery = JournalRecovery(limits: Self.configuration.log, now: moment(0))
        let found = recovery.finish()
        hub = Hub(
            restoring: found.past, epoch: epoch, configuration: Self.configuration, at: moment(0))
        journal = Journal(after: found, hub: hub, limits: Self.limits, at: moment(0))
        hub.gathersChanges = true
    }

    /// Performs one random step.
    func step() {
        let channel = channels.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<16: publish(channel)
        case 16: publish(channel, name: "client-typing")
        case 17, 18: retract()
        case 19, 20: attachAndSubscribe(channel)
        case 21: subscribe(channel)
        case 22: hub.lost(at: now)
        case 23: hub.refused(channel, status: 403, message: "no", at: now)
        case 24:
            hub.memberAdded(
                channel, Member(userID: "u\(published.count % 5)", userInfo: nil), at: now)
        case 25: hub.memberRemoved(channel, userID: "u\(published.count % 5)", at: now)
        case 26:
            seconds += Int.random(in: 1...15, using: &random)
            hub.expire(at: now)
            journal.timePassed(hub: hub, at: now)
        case 27: journal.retry(hub: hub, at: now)
        default: turnDisk()
        }
        settle()
    }

    /// Lets the disk fail for a while, or repairs it.
    func injectFault() {
        disk.operationsLeft =
            Bool.random(using: &random) ? Int.random(in: 0...6, using: &random) : nil
    }

    /// Ends this run at a random point of a batch, and begins the next from the bytes that are
    /// left.
    func crash(losesPower: Bool, damages: Bool) throws {
        if let batch {
            disk.operationsLeft = Int.random(in: 0...batch.count, using: &random)
            _ = disk.perform(batch, part: Int.random(in: 0...1000, using: &random))
        }
        batch = nil
        disk.operationsLeft = nil
        if losesPower { disk.losePower(using: &random) }
        if damages { disk.damage(using: &random) }
        try restart()
    }

    /// Ends this run in order, and begins the next.
    func end() throws {
        for _ in 0..<100 where journal.hasWork || journal.isBusy { turnDisk() }
        try restart()
    }

    /// The texts that the hub holds.
    var heldTexts: [String] {
        hub.channels.values.flatMap { channel in
            (0..<channel.log.count).compactMap { index in
                guard case .message(_, let data, _) = channel.log[index].content else { return nil }
                return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
            }
        }
    }

    private func restart() throws {
        seconds += 5
        var recovery = JournalRecovery(limits: Self.configuration.log, now: now)
        for segment in disk.segments {
            recovery.begin(segment: segment)
            try recovery.append(disk[segment])
            try recovery.end(isLast: segment == disk.segments.last)
        }
        let found = recovery.finish()
        damaged = found.damaged
        epoch += 1
        hub = Hub(
            restoring: found.past, epoch: epoch, configuration: Self.configuration, at: now)
        journal = Journal(after: found, hub: hub, limits: Self.limits, at: now)
        hub.gathersChanges = true
        retractions = []
    }

    /// Completes the batch under way, or begins one.
    func turnDisk() {
        if let batch {
            self.batch = nil
            journal.finished(
                succeeded: disk.perform(batch, part: Int.random(in: 0...1000, using: &random)))
            markRetracted()
        } else {
            batch = journal.nextBatch(hub: hub, at: now)
        }
    }

    private func markRetracted() {
        guard journal.isKeeping, !journal.isBusy, !journal.hasWork else { return }
        for (index, _) in retractions { published[index].isErased = true }
        retractions = []
    }

    private func settle() {
        journal.takeChanges(of: hub, at: now)
        hub.deliverUpdates()
        _ = hub.takeDemands()
        positions.append((hub.position, published.count))
    }

    private func publish(_ channel: String, name: String = "new-message") {
        guard hub.channel(channel)?.isLive == true else { return }
        let text = "text-\(published.count)-"
        let key = "key-\(Int.random(in: 0...40, using: &random))"
        hub.received(
            channel, event: name, data: Array("\"\(text)\"".utf8), userID: nil,
            key: name == "new-message" ? key : nil, at: now)
        published.append(
            PublishedEvent(
                channel: channel, text: text, position: hub.position, key: key,
                isEphemeral: name != "new-message"))
    }

    private func retract() {
        guard let target = published.suffix(40).randomElement(using: &random),
            target.key != "none", hub.channel(target.channel)?.isLive == true
        else { return }
        for (index, one) in published.enumerated()
        where one.channel == target.channel && one.key == target.key && !one.isEphemeral {
            published[index].isRetracted = true
            published[index].deletion = published.count
            retractions.append((index, hub.sequence))
        }
        hub.received(
            target.channel, event: "message-deleted",
            data: Array("\"\("text-\(published.count)-")\"".utf8),
            userID: nil, retracts: target.key, at: now)
        published.append(
            PublishedEvent(
                channel: target.channel, text: "text-\(published.count)-", position: hub.position,
                key: "none", isEphemeral: false))
    }

    private func attachAndSubscribe(_ channel: String) {
        let reader = RecordingReader(hub)
        hub.attach(reader, to: [channel], from: .now, wantsSnapshot: false, at: now)
        hub.detach(reader, at: now)
        subscribe(channel)
    }

    func subscribe(_ channel: String) {
        guard let held = hub.channel(channel), !held.isLive else { return }
        if case .idle = held.subscription { return }
        let users = (0..<Int.random(in: 0...3, using: &random)).map {
            Member(userID: "u\($0)", userInfo: nil)
        }
        hub.subscribed(channel, members: users, at: now)
    }
}

/// A reader that records its deliveries by channel.
final class RecordingReader: Reader {
    enum Heard: Equatable { case text(String), gap(GapReason), other }

    var cursor = Cursor()
    private let hub: Hub
    private(set) var received: [String: [Heard]] = [:]
    /// The steady time at which it reads: late enough that no client event is live.
    var now: Duration = .seconds(1 << 30)

    init(_ hub: Hub) { self.hub = hub }

    func updatesAvailable(on channel: Channel) {}

    func read() {
        while let entry = hub.next(&cursor, at: now) {
            switch entry {
            case .snapshot, .refusal: break
            case .gap(let channel, let gap):
                received[channel.name, default: []].append(.gap(gap.reason))
            case .event(let event):
                switch event.content {
                case .message(_, let data, _):
                    let text = String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
                    received[event.channel, default: []].append(.text(text))
                case .gap(let gap): received[event.channel, default: []].append(.gap(gap.reason))
                default: received[event.channel, default: []].append(.other)
                }
            }
        }
    }
}
