// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

/// Random runs with random ends: each event is delivered once and in order, or a gap is.
struct JournalModelTests {
    private struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// Set `PASSERELLE_SEEDS` to try more seeds than CI can.
    private static let seeds =
        0..<(TestEnvironment.value("PASSERELLE_SEEDS").flatMap { Int($0) } ?? 40)

    @Test(arguments: seeds)
    func `runs that are killed at any byte deliver everything once, or a gap`(seed: Int) throws {
        try play(seed, losesPower: false, fails: false, damages: false)
    }

    @Test(arguments: seeds)
    func `runs that lose power deliver everything once, or a gap`(seed: Int) throws {
        try play(seed, losesPower: true, fails: false, damages: false)
    }

    @Test(arguments: seeds)
    func `a disk with occasional failures causes at most a gap`(seed: Int) throws {
        try play(seed, losesPower: seed % 2 == 0, fails: true, damages: false)
    }

    @Test(arguments: seeds)
    func `a damaged journal causes at most a gap`(seed: Int) throws {
        try play(seed, losesPower: seed % 2 == 0, fails: seed % 3 == 0, damages: true)
    }

    private func play(_ seed: Int, losesPower: Bool, fails: Bool, damages: Bool) throws {
        do {
            let fixture = JournalFixture(seed: UInt64(seed))
            for _ in 0..<4 {
                for _ in 0..<Int.random(in: 1...250, using: &fixture.random) {
                    if fails, Int.random(in: 0..<20, using: &fixture.random) == 0 {
                        fixture.injectFault()
                    }
                    fixture.step()
                }
                let before = held(fixture)
                let synced = fixture.journal.syncedSequence
                try fixture.crash(losesPower: losesPower, damages: damages)
                if !damages { try expectHeld(before, through: synced, in: fixture) }
                try expectCompleteOrGap(fixture)
                if !damages { try expectRetracted(fixture) }
            }
            try fixture.end()
            try expectCompleteOrGap(fixture)
        } catch {
            Issue.record("seed \(seed): \(error)")
        }
    }

    /// Returns the sequence numbers of the readable entries, by channel.
    private func held(_ fixture: JournalFixture) -> [String: [UInt64]] {
        fixture.hub.channels.mapValues { channel in
            (0..<channel.log.count).map { channel.log[$0].sequence }
                .filter { $0 > channel.horizon.sequence }
        }
    }

    /// Checks that entries known to be on the disk are restored, unless they are too old.
    private func expectHeld(
        _ before: [String: [UInt64]], through synced: UInt64, in fixture: JournalFixture
    ) throws {
        let after = held(fixture)
        for (channel, sequences) in before {
            let horizon = fixture.hub.channel(channel)?.horizon
            let missing = sequences.filter { sequence in
                sequence <= synced && !(after[channel] ?? []).contains(sequence)
                    && !(horizon.map { $0.reason == .evicted && $0.sequence >= sequence } ?? false)
            }
            guard missing.isEmpty else {
                throw Violation(description: "\(channel) lost \(missing) of \(synced) acknowledged")
            }
        }
    }

    /// Checks that a retraction on the disk is final.
    private func expectRetracted(_ fixture: JournalFixture) throws {
        for _ in 0..<100 where fixture.journal.hasWork || fixture.journal.isBusy {
            fixture.turnDisk()
        }
        let texts = fixture.disk.texts
        for (number, one) in fixture.published.enumerated()
        where one.isErased && texts.contains(number) {
            throw Violation(description: "\(one.text) was retracted but is on the disk")
        }
        // If an event that deletes a message is held, the message must not be on the disk.
        let held = Set(fixture.heldTexts)
        for (number, one) in fixture.published.enumerated() where texts.contains(number) {
            guard let deletion = one.deletion, held.contains(fixture.published[deletion].text)
            else {
                continue
            }
            throw Violation(description: "\(one.text) is on the disk, but its deletion is held")
        }
    }

    /// Checks random readers of any time, before and after all channels are subscribed again.
    private func expectCompleteOrGap(_ fixture: JournalFixture) throws {
        var chosen = (0..<25).compactMap { _ in
            fixture.positions.randomElement(using: &fixture.random)
        }
        chosen += fixture.positions.suffix(3)
        for (position, count) in chosen {
            let names = fixture.channels.filter { _ in Bool.random(using: &fixture.random) }
            guard !names.isEmpty else { continue }
            let witness = RecordingReader(fixture.hub)
            let outcome = fixture.hub.attach(
                witness, to: names, from: .after(position), wantsSnapshot: false, at: fixture.now)
            witness.read()
            for name in names { fixture.subscribe(name) }
            witness.read()
            fixture.hub.detach(witness, at: fixture.now)
            for name in names {
                try judge(
                    witness.received[name] ?? [], of: name, after: count, outcome, position, fixture
                )
            }
        }
    }

    /// Returns the number of a received event, which must be published, due and not retracted.
    private func place(
        of text: String, notBefore next: Int, in fixture: JournalFixture,
        otherwise violation: (String) -> Violation
    ) throws -> Int {
        guard let index = Int(text.split(separator: "-")[1]),
            index < fixture.published.count,
            fixture.published[index].text == text
        else { throw violation("\(text) was never published") }
        guard index >= next else { throw violation("\(text) was repeated, or late") }
        if fixture.published[index].isErased { throw violation("\(text) was retracted") }
        return index
    }

    private func judge(
        _ received: [RecordingReader.Heard], of channel: String, after count: Int,
        _ outcome: Resumption, _ position: Position, _ fixture: JournalFixture
    ) throws {
        var next = count
        var hasGap = false
        var isUnknown = false
        func violation(_ words: String) -> Violation {
            Violation(
                description:
                    "\(channel) after \(position.text) (\(count), \(outcome)): \(words); \(received)"
            )
        }
        func skip(to end: Int) throws {
            let missed = fixture.published[min(next, end)..<end].filter {
                $0.channel == channel && !$0.isEphemeral && !$0.isRetracted
            }
            if !missed.isEmpty, !hasGap { throw violation("no gap for \(missed.map(\.text))") }
            next = max(next, end)
            hasGap = false
        }
        for item in received {
            switch item {
            case .other: break
            case .gap(let reason):
                hasGap = true
                if reason == .unknownPosition {
                    isUnknown = true
                    next = 0
                }
            case .text(let text):
                let index = try place(
                    of: text, notBefore: next, in: fixture, otherwise: violation)
                try skip(to: index)
                next = index + 1
                if isUnknown { hasGap = true }
            }
        }
        try skip(to: fixture.published.count)
    }
}
