// SPDX-License-Identifier: MIT

@testable import PasserelleHub

/// Readers: event streams that attach, stall, break and resume, and pollers.
extension Simulation {
    func pick(_ index: Int) -> SimulatedReader? {
        readers.isEmpty ? nil : readers[index % readers.count]
    }

    func attach(_ mask: Int, polls: Bool, start: Int) throws(Violation) {
        guard readers.count < 24 else { return }
        let channels = Self.channels.indices.filter { mask & (1 << $0) != 0 }
        let reader = SimulatedReader(
            name: readers.count, channels: channels.map { Self.channels[$0] }, polls: polls)
        readers.append(reader)
        try connect(reader, from: [.now, .now, .earliest, .last(3)][start % 4])
    }

    func detach(_ reader: SimulatedReader) {
        guard reader.isAttached else { return }
        reader.awaited = []
        reader.unfinished = nil
        reader.isAttached = false
        hub.detach(reader, at: now)
    }

    func resume(_ reader: SimulatedReader, polls: Bool) throws(Violation) {
        guard !reader.isAttached else { return }
        reader.polls = polls
        guard let position = reader.position else {
            reader.knowledge = [:]
            return try connect(reader, from: .now)
        }
        var start = position
        switch mutation {
        case .dropOnResume: start = start.moved(by: 1)
        case .repeatOnResume: start = start.moved(by: -1)
        case .acceptEveryPosition:
            start = Position(
                epoch: hub.epochs.current, sequence: min(start.sequence, hub.sequence))
        case .repeatEpochWhenAhead where isAhead(position):
            start = Position(epoch: position.epoch, sequence: 0)
        case .forgetEpochWhenAhead where isAhead(position):
            start = Position(epoch: .max, sequence: position.sequence)
        default: break
        }
        try connect(reader, from: .after(start))
    }

    func poll(_ reader: SimulatedReader?, limit: Int) throws(Violation) {
        guard let reader, reader.polls else { return }
        if !reader.isAttached { try resume(reader, polls: true) }
        try read(reader, limit: limit)
        // A first poll waits until its channels are subscribed.
        if reader.awaited.isEmpty { detach(reader) }
    }

    func read(_ reader: SimulatedReader, limit: Int) throws(Violation) {
        var left = limit
        while left > 0, let entry = hub.next(&reader.cursor, at: steady) {
            // A gap does not count against the limit.
            if case .gap = entry {} else { left -= 1 }
            let isLedBack = reader.needsGap
            try received(entry, to: reader)
            let position = hub.position(at: reader.cursor.sequence)
            if let last = reader.position, last.epoch == position.epoch, !isLedBack {
                // A position that a crash has lost is led back to the end of its epoch.
                let kept = hub.epochs.resumption(at: last, newest: hub.sequence) ?? last.sequence
                try require(
                    position.sequence >= kept,
                    "reader \(reader.name) moved back from \(last.text) to \(position.text)")
            }
            reader.position = position
        }
    }

    /// Breaks a reader's connection after some of its pending entries; a detached reader resumes
    /// first.
    func cut(_ reader: SimulatedReader?, after entries: Int) throws(Violation) {
        guard let reader else { return }
        if !reader.isAttached { try resume(reader, polls: false) }
        if !reader.polls {
            if reader.unfinished == nil { try read(reader, limit: entries) }
            if entries > 0, !hub.isUpToDate(reader.cursor, at: steady) { tally.cutReplays += 1 }
        }
        detach(reader)
    }

    /// Stalls a reader's socket; every other reader stops inside an entry.
    func stop(_ reader: SimulatedReader) throws(Violation) {
        guard reader.name % 2 == 1 else { return }
        while reader.unfinished == nil {
            var ahead = reader.cursor
            guard let entry = hub.next(&ahead, at: steady) else { return }
            if case .event(let event) = entry {
                reader.unfinished = event
                reader.cursor = ahead
            } else {
                try read(reader, limit: 1)
            }
        }
    }

    /// Continues a stalled socket, with the rest of an unfinished entry first.
    func proceed(_ reader: SimulatedReader) throws(Violation) {
        if let event = reader.unfinished {
            reader.unfinished = nil
            try received(.event(event), to: reader)
            reader.position = hub.position(at: event.sequence)
        }
        try read(reader, limit: .max)
    }

    /// Cuts every stream that stopped inside a message which was then retracted.
    func retract() {
        let retractions = hub.takeRetractions()
        let retracted = hub.takeRetracted()
        for reader in readers {
            guard let event = reader.unfinished else { continue }
            if mutation == .keepWhatLeftTheLog {
                if retracted.contains(event.sequence) { detach(reader) }
            } else if hub.retract(event, by: retractions) {
                tally.deletedMidway += 1
                let horizon = hub.channel(event.channel)?.horizon.sequence ?? 0
                if event.sequence <= horizon { tally.deletedOutsideLog += 1 }
                detach(reader)
            }
        }
    }

    private func connect(_ reader: SimulatedReader, from start: Start) throws(Violation) {
        reader.isAttached = true
        let isFirst = reader.position == nil
        let outcome = hub.attach(
            reader, to: reader.channels, from: start,
            wantsSnapshot: !reader.polls || isFirst, at: now)
        try resumed(reader, from: start, outcome)
        for channel in reader.channels where reader.knowledge[channel] == nil {
            begin(reader, on: channel, from: start)
        }
    }

    /// Checks a resumed reader: only a position of an epoch that may be lost can be unknown.
    private func resumed(
        _ reader: SimulatedReader, from start: Start, _ outcome: Resumption
    ) throws(Violation) {
        guard case .after = start, let position = reader.position else { return }
        guard outcome == .unknown else {
            if position.epoch != hub.epochs.current { tally.resumptions += 1 }
            if isAhead(position) { tally.ahead += 1 }
            return
        }
        tally.unknownEpochs += 1
        // It receives the log again, which no crash is a reason for.
        try require(
            !begun.contains(position.epoch),
            "\(position.text) of reader \(reader.name) is unknown, although its epoch is kept")
        for channel in reader.channels {
            reader.knowledge[channel] = SimulatedReader.Knowledge(
                settled: 0, needsGap: true, members: reader.knowledge[channel]?.members)
        }
    }

    /// True if a crash has lost the entry at the position.
    private func isAhead(_ position: Position) -> Bool {
        hub.epochs.past.contains {
            $0.epoch == position.epoch && $0.through < position.sequence
        }
    }

    /// Sets the messages that are due to a new reader of a channel.
    private func begin(_ reader: SimulatedReader, on name: String, from start: Start) {
        let coverage = coverage[name] ?? Coverage()
        guard let channel = hub.channel(name) else { return }
        if case .after(let position) = start {
            let place = hub.epochs.resumption(at: position, newest: hub.sequence)
            reader.knowledge[name] = SimulatedReader.Knowledge(
                settled: coverage.through(place ?? position.sequence))
        } else if !channel.isLive && (start == .now || !channel.wasSubscribed) {
            reader.awaited.insert(name)
        } else {
            reader.knowledge[name] = SimulatedReader.Knowledge(
                settled: coverage.through(hub.sequence), isOpen: start != .now)
        }
    }
}

extension Position {
    /// Returns the position this many entries further on, or back if negative.
    fileprivate func moved(by distance: Int64) -> Position {
        let moved = Int64(clamping: sequence) + distance
        return Position(epoch: epoch, sequence: UInt64(max(0, moved)))
    }
}
