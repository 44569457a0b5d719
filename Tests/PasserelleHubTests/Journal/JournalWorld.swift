// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting

/// A gateway's hub and journal over a simulated disk, life after life, beside a plain list of all
/// that was ever said.
final class JournalWorld {
    /// What was said once, as the list has it.
    struct Said {
        let channel: String
        let text: String
        let position: Position
        let key: String
        let isEphemeral: Bool
        var isRetracted = false
        /// The number of what deleted it last.
        var deletion: Int?
        /// True once its retraction was known to be on the disk.
        var isBuried = false
    }

    var random: SeededRandom
    var disk = SimulatedDisk()
    private(set) var hub: Hub
    private(set) var journal: Journal
    private(set) var said: [Said] = []
    /// Positions that some reader may hold, and how much had been said by then.
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

    /// One thing that may happen.
    func step() {
        let channel = channels.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<16: say(channel)
        case 16: say(channel, name: "client-typing")
        case 17, 18: retract()
        case 19, 20: attend(channel)
        case 21: subscribe(channel)
        case 22: hub.lost(at: now)
        case 23: hub.refused(channel, status: 403, message: "no", at: now)
        case 24:
            hub.memberAdded(channel, Member(userID: "u\(said.count % 5)", userInfo: nil), at: now)
        case 25: hub.memberRemoved(channel, userID: "u\(said.count % 5)", at: now)
        case 26:
            seconds += Int.random(in: 1...15, using: &random)
            hub.expire(at: now)
            journal.timePassed(hub: hub, at: now)
        case 27: if journal.state == .off { journal.retry(hub: hub, at: now) }
        default: turnDisk()
        }
        settle()
    }

    /// Has the disk fail for a while, sometimes.
    func trouble() {
        disk.operationsLeft =
            Bool.random(using: &random) ? Int.random(in: 0...6, using: &random) : nil
    }

    /// Ends this life in the middle of whatever it does, and begins the next from what is left.
    func die(losesPower: Bool, damages: Bool) throws {
        if let batch {
            disk.operationsLeft = Int.random(in: 0...batch.count, using: &random)
            _ = disk.perform(batch, part: Int.random(in: 0...1000, using: &random))
        }
        batch = nil
        disk.operationsLeft = nil
        if losesPower { disk.losePower(using: &random) }
        if damages { disk.damage(using: &random) }
        try live()
    }

    /// Ends this life in order.
    func end() throws {
        for _ in 0..<100 where journal.hasWork || journal.isBusy { turnDisk() }
        try live()
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

    private func live() throws {
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

    /// Lets the disk do what is under way, or gives it something to do.
    func turnDisk() {
        if let batch {
            self.batch = nil
            let sequence = journal.finished(
                succeeded: disk.perform(batch, part: Int.random(in: 0...1000, using: &random)))
            _ = sequence
            markBuried()
        } else {
            batch = journal.nextBatch(hub: hub, at: now)
        }
    }

    private func markBuried() {
        guard journal.state == .on, !journal.isBusy, !journal.hasWork else { return }
        for (index, _) in retractions { said[index].isBuried = true }
        retractions = []
    }

    private func settle() {
        journal.takeChanges(of: hub, at: now)
        hub.tellNews()
        _ = hub.takeDemands()
        positions.append((hub.position, said.count))
    }

    private func say(_ channel: String, name: String = "new-message") {
        guard hub.channel(channel)?.isLive == true else { return }
        let text = "text-\(said.count)-"
        let key = "key-\(Int.random(in: 0...40, using: &random))"
        hub.heard(
            channel, event: name, data: Array("\"\(text)\"".utf8), userID: nil,
            key: name == "new-message" ? key : nil, at: now)
        said.append(
            Said(
                channel: channel, text: text, position: hub.position, key: key,
                isEphemeral: name != "new-message"))
    }

    private func retract() {
        guard let target = said.suffix(40).randomElement(using: &random),
            target.key != "none", hub.channel(target.channel)?.isLive == true
        else { return }
        for (index, one) in said.enumerated()
        where one.channel == target.channel && one.key == target.key && !one.isEphemeral {
            said[index].isRetracted = true
            said[index].deletion = said.count
            retractions.append((index, hub.sequence))
        }
        hub.heard(
            target.channel, event: "message-deleted",
            data: Array("\"\("text-\(said.count)-")\"".utf8),
            userID: nil, retracts: target.key, at: now)
        said.append(
            Said(
                channel: target.channel, text: "text-\(said.count)-", position: hub.position,
                key: "none", isEphemeral: false))
    }

    private func attend(_ channel: String) {
        let reader = Witness(hub)
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

/// A reader that keeps what it was told, channel by channel.
final class Witness: Reader {
    enum Heard: Equatable { case text(String), gap(GapReason), other }

    var cursor = Cursor()
    private let hub: Hub
    private(set) var heard: [String: [Heard]] = [:]
    /// What the steady clock says when it reads: late enough that no client event is live.
    var now: Duration = .seconds(1 << 30)

    init(_ hub: Hub) { self.hub = hub }

    func newsCame(on channel: Channel) {}

    func read() {
        while let entry = hub.next(&cursor, at: now) {
            switch entry {
            case .snapshot, .refusal: break
            case .gap(let channel, let gap):
                heard[channel.name, default: []].append(.gap(gap.reason))
            case .event(let event):
                switch event.content {
                case .message(_, let data, _):
                    let text = String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
                    heard[event.channel, default: []].append(.text(text))
                case .gap(let gap): heard[event.channel, default: []].append(.gap(gap.reason))
                default: heard[event.channel, default: []].append(.other)
                }
            }
        }
    }
}
