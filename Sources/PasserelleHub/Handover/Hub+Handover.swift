// SPDX-License-Identifier: MIT

/// The pieces of a hub's state that one process hands over to the next.
///
/// The next process continues the same epoch: every position stays valid, and no gap is added.
enum HubPiece: UInt8 {
    /// The epochs, the last sequence number and the time; the first piece.
    case head = 1
    /// A channel without its entries.
    case channel
    /// Entries of a channel.
    case entries
    /// Users that were seen on a channel.
    case seen
}

extension Hub {
    /// Bytes of entries after which a piece ends.
    static let pieceBytes = 262_144

    /// Calls `emit` with each piece of the state; the hub must not change meanwhile.
    package func handOver(at now: Moment, _ emit: ([UInt8]) -> Void) {
        var head = [HubPiece.head.rawValue]
        head.append(run: JournalRecord.beginning(epochs, followsGap: false).encoded)
        head.append(number: sequence)
        head.append(time: now.wall)
        emit(head)
        for channel in channels.values {
            emit(encoded(channel, at: now))
            handOver(channel.log, of: channel.name, isEphemeral: false, emit)
            handOver(channel.ephemeralEvents, of: channel.name, isEphemeral: true, emit)
        }
        for name in seenMembers.names {
            var piece = [HubPiece.seen.rawValue]
            for seen in seenMembers.members(of: name) {
                JournalRecord.member(name, seen).append(to: &piece)
                guard piece.count > Self.pieceBytes else { continue }
                emit(piece)
                piece = [HubPiece.seen.rawValue]
            }
            if piece.count > 1 { emit(piece) }
        }
    }

    private func encoded(_ channel: Channel, at now: Moment) -> [UInt8] {
        var piece = [HubPiece.channel.rawValue]
        piece.append(text: channel.name)
        piece.append(channel.subscription)
        piece.append(number: channel.horizon.sequence)
        piece.append(channel.horizon.reason.code)
        piece.append(time: channel.horizon.since)
        piece.append(time: channel.horizon.until)
        piece.append(channel.wasSubscribed ? 1 : 0)
        piece.append(channel.hasFormerMembers ? 1 : 0)
        let unread = max(0, (now.steady - channel.lastRead) / .milliseconds(1))
        piece.append(number: UInt64(unread))
        let members = channel.members.list
        piece.append(number: UInt32(members.count))
        for member in members { piece.append(member: member) }
        piece.append(numbers[channel.name] == nil ? 0 : 1)
        numbers[channel.name]?.append(to: &piece, at: now.steady)
        return piece
    }

    private func handOver(
        _ log: EventLog, of channel: String, isEphemeral: Bool, _ emit: ([UInt8]) -> Void
    ) {
        func begun() -> [UInt8] {
            var piece = [HubPiece.entries.rawValue]
            piece.append(text: channel)
            piece.append(isEphemeral ? 1 : 0)
            return piece
        }
        var piece = begun()
        var count = 0
        for index in 0..<log.count {
            JournalRecord.event(JournalEvent(log[index], previous: 0)).append(to: &piece)
            count += 1
            guard piece.count > Self.pieceBytes else { continue }
            emit(piece)
            (piece, count) = (begun(), 0)
        }
        if count > 0 { emit(piece) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ subscription: Channel.Subscription) {
        func put(
            _ kind: UInt8, _ since: WallTime?, _ reason: GapReason, status: Int = 0,
            message: String? = nil
        ) {
            append(kind)
            append(time: since)
            append(reason.code)
            append(number: UInt64(bitPattern: Int64(status)))
            append(text: message)
        }
        switch subscription {
        case .idle(let since, let reason): put(1, since, reason)
        case .pending(let since, let reason): put(2, since, reason)
        case .live: put(3, nil, .idle)
        case .away(let since): put(4, since, .upstream)
        case .refused(let status, let message, let since, let reason):
            put(5, since, reason, status: status, message: message)
        }
    }
}

extension Channel.Subscription {
    init?(_ bytes: Span<UInt8>, _ cursor: inout JournalCursor) {
        let kind = cursor.byte(bytes)
        let since = cursor.time(bytes)
        guard let reason = GapReason(code: cursor.byte(bytes)) else { return nil }
        let status = Int(Int64(bitPattern: cursor.number64(bytes)))
        let message = cursor.text(bytes)
        switch kind {
        case 1: self = .idle(since: since, reason: reason)
        case 2: self = .pending(idleSince: since, reason: reason)
        case 3: self = .live
        case 4:
            guard let since else { return nil }
            self = .away(since: since)
        case 5:
            self = .refused(
                status: status, message: message ?? "", since: since, reason: reason)
        default: return nil
        }
    }
}
