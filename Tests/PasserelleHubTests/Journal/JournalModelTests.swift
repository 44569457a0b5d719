// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

/// Random lives with random ends: what was said is told once and in order, or a gap is told.
struct JournalModelTests {
    private struct Lie: Error, CustomStringConvertible {
        let description: String
    }

    /// Set `PASSERELLE_SEEDS` for more than CI has time for.
    private static let seeds =
        0..<(ProcessEnvironment.value("PASSERELLE_SEEDS").flatMap { Int($0) } ?? 40)

    @Test(arguments: seeds)
    func `lives that are killed at any byte tell everything once, or a gap`(seed: Int) throws {
        try play(seed, losesPower: false, fails: false, damages: false)
    }

    @Test(arguments: seeds)
    func `lives that lose their power tell everything once, or a gap`(seed: Int) throws {
        try play(seed, losesPower: true, fails: false, damages: false)
    }

    @Test(arguments: seeds)
    func `a disk that fails now and then costs no more than a gap`(seed: Int) throws {
        try play(seed, losesPower: seed % 2 == 0, fails: true, damages: false)
    }

    @Test(arguments: seeds)
    func `a journal with damage costs no more than a gap`(seed: Int) throws {
        try play(seed, losesPower: seed % 2 == 0, fails: seed % 3 == 0, damages: true)
    }

    private func play(_ seed: Int, losesPower: Bool, fails: Bool, damages: Bool) throws {
        do {
            let world = JournalWorld(seed: UInt64(seed))
            for _ in 0..<4 {
                for _ in 0..<Int.random(in: 1...250, using: &world.random) {
                    if fails, Int.random(in: 0..<20, using: &world.random) == 0 { world.trouble() }
                    world.step()
                }
                let before = held(world)
                let synced = world.journal.syncedSequence
                try world.die(losesPower: losesPower, damages: damages)
                if !damages { try expectHeld(before, through: synced, in: world) }
                try expectHonest(world)
                if !damages { try expectBuried(world) }
            }
            try world.end()
            try expectHonest(world)
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
    }

    /// The sequence numbers of what is held and can be read, by channel.
    private func held(_ world: JournalWorld) -> [String: [UInt64]] {
        world.hub.channels.mapValues { channel in
            (0..<channel.log.count).map { channel.log[$0].sequence }
                .filter { $0 > channel.horizon.sequence }
        }
    }

    /// What was known to be on the disk is there again, unless it was too old meanwhile.
    private func expectHeld(
        _ before: [String: [UInt64]], through synced: UInt64, in world: JournalWorld
    ) throws {
        let after = held(world)
        for (channel, sequences) in before {
            let horizon = world.hub.channel(channel)?.horizon
            let missing = sequences.filter { sequence in
                sequence <= synced && !(after[channel] ?? []).contains(sequence)
                    && !(horizon.map { $0.reason == .evicted && $0.sequence >= sequence } ?? false)
            }
            guard missing.isEmpty else {
                throw Lie(description: "\(channel) lost \(missing) of \(synced) acknowledged")
            }
        }
    }

    /// A retraction that was on the disk is final.
    private func expectBuried(_ world: JournalWorld) throws {
        for _ in 0..<100 where world.journal.hasWork || world.journal.isBusy { world.turnDisk() }
        let texts = world.disk.texts
        for (number, one) in world.said.enumerated() where one.isBuried && texts.contains(number) {
            throw Lie(description: "\(one.text) was retracted and is on the disk")
        }
        // What was deleted by an event that is held must be gone, whoever had to see to that.
        let held = Set(world.heldTexts)
        for (number, one) in world.said.enumerated() where texts.contains(number) {
            guard let deletion = one.deletion, held.contains(world.said[deletion].text) else {
                continue
            }
            throw Lie(description: "\(one.text) was deleted, its deletion is held, it is not gone")
        }
    }

    /// Any reader of any time, before and after all channels are heard again.
    private func expectHonest(_ world: JournalWorld) throws {
        var chosen = (0..<25).compactMap { _ in world.positions.randomElement(using: &world.random)
        }
        chosen += world.positions.suffix(3)
        for (position, count) in chosen {
            let names = world.channels.filter { _ in Bool.random(using: &world.random) }
            guard !names.isEmpty else { continue }
            let witness = Witness(world.hub)
            let outcome = world.hub.attach(
                witness, to: names, from: .after(position), wantsSnapshot: false, at: world.now)
            witness.read()
            for name in names { world.subscribe(name) }
            witness.read()
            world.hub.detach(witness, at: world.now)
            for name in names {
                try judge(
                    witness.heard[name] ?? [], of: name, after: count, outcome, position, world)
            }
        }
    }

    private func judge(
        _ heard: [Witness.Heard], of channel: String, after count: Int, _ outcome: Resumption,
        _ position: Position, _ world: JournalWorld
    ) throws {
        var next = count
        var hasGap = false
        var isUnknown = false
        func lie(_ words: String) -> Lie {
            Lie(
                description:
                    "\(channel) after \(position.text) (\(count), \(outcome)): \(words); \(heard)")
        }
        func skip(to end: Int) throws {
            let missed = world.said[min(next, end)..<end].filter {
                $0.channel == channel && !$0.isEphemeral && !$0.isRetracted
            }
            if !missed.isEmpty, !hasGap { throw lie("missed \(missed.map(\.text)) in silence") }
            next = max(next, end)
            hasGap = false
        }
        for item in heard {
            switch item {
            case .other: break
            case .gap(let reason):
                hasGap = true
                if reason == .unknownPosition {
                    isUnknown = true
                    next = 0
                }
            case .text(let text):
                guard let index = Int(text.split(separator: "-")[1]), index < world.said.count,
                    world.said[index].text == text
                else { throw lie("never said \(text)") }
                guard index >= next else { throw lie("told \(text) again, or late") }
                if world.said[index].isBuried { throw lie("told \(text), which was retracted") }
                try skip(to: index)
                next = index + 1
                if isUnknown { hasGap = true }
            }
        }
        try skip(to: world.said.count)
    }
}
