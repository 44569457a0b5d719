// SPDX-License-Identifier: MIT

/// A position in the gateway's log, valid on every transport: `EPOCH-SEQUENCE`.
///
/// The epoch changes if the log does not continue, so that an old position is never mistaken for a
/// new one. All channels share one sequence, so that one position serves any set of channels.
/// Clients must treat the text as opaque.
package struct Position: Hashable, Sendable {
    /// The longest text that can be a position, in bytes: 13 of base 36, a dash, 20 digits.
    package static let maximumTextBytes = 34

    /// The epoch of the log to which this position belongs.
    package let epoch: UInt64
    /// The sequence number of the last entry at or before this position; 0 is before all entries.
    package let sequence: UInt64

    package init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Parses the text form; returns `nil` if a gateway cannot have written it.
    package init?(_ text: String) {
        self.init(text.utf8.span)
    }

    /// Parses the text form.
    package init?(_ text: Span<UInt8>) {
        guard text.count <= Self.maximumTextBytes else { return nil }
        var dash = 0
        while dash < text.count, text[dash] != UInt8(ascii: "-") { dash += 1 }
        guard dash < text.count,
            let epoch = Self.number(text.extracting(..<dash), radix: 36),
            let sequence = Self.number(text.extracting((dash + 1)...), radix: 10)
        else { return nil }
        self.init(epoch: epoch, sequence: sequence)
    }

    /// The text form: the epoch in base 36, a dash, the sequence in decimal.
    package var text: String {
        String(epoch, radix: 36) + "-" + String(sequence)
    }

    private static func number(_ digits: Span<UInt8>, radix: UInt64) -> UInt64? {
        guard digits.count > 0, digits[0] != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: UInt64 = 0
        for index in digits.indices {
            let byte = digits[index]
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                digit = UInt64(byte - UInt8(ascii: "a")) + 10
            default: return nil
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: radix)
            let (sum, carried) = scaled.addingReportingOverflow(digit)
            guard digit < radix, !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }
}

/// The point at which a reader starts.
package enum Start: Equatable, Sendable {
    /// At the next entry.
    case now
    /// At the oldest held entry.
    case earliest
    /// At the given number of held messages from the end.
    case last(Int)
    /// After a position that the client sent.
    case after(Position)
    /// After a text that is not a position: a gap, then all held entries.
    case unknown
}

/// The epochs of one log, and the sequence numbers that each has issued.
///
/// A restart that keeps the log begins a new epoch, because the newest entries may not have reached
/// the disk. If a reader received such entries, its position is ahead of the end of its epoch. The
/// reader then has everything that the log holds of the epoch, and continues at the epoch's end.
package struct EpochHistory: Equatable, Sendable {
    /// An epoch that has ended.
    package struct Past: Equatable, Sendable {
        package let epoch: UInt64
        /// The last sequence number known to have been issued in it.
        package let through: UInt64
    }

    /// The number of past epochs that are kept; a position of an older epoch is unknown.
    package static let remembered = 64

    /// Epochs from here on stand for damaged beginnings in the journal; no gateway chooses one.
    static let firstNameless: UInt64 = 1 << 63

    /// In ascending order of their sequence numbers; at most `remembered`.
    package let past: [Past]
    package let current: UInt64

    package init(_ current: UInt64, after past: [Past] = []) {
        self.current = current
        self.past = Array(past.suffix(Self.remembered))
    }

    /// The sequence number after which the current epoch begins.
    package var beginning: UInt64 { past.last?.through ?? 0 }

    /// Returns the history for the next run, if this epoch ended at `sequence`.
    package func continued(by epoch: UInt64, after sequence: UInt64) -> EpochHistory {
        EpochHistory(epoch, after: past + [Past(epoch: current, through: sequence)])
    }

    /// Returns the position of a sequence number, in the epoch that issued it.
    package func position(at sequence: UInt64) -> Position {
        guard sequence <= beginning, let owner = past.first(where: { sequence <= $0.through })
        else { return Position(epoch: current, sequence: sequence) }
        return Position(epoch: owner.epoch, sequence: sequence)
    }

    /// Returns the sequence number after which a reader with this position continues, or `nil` if
    /// the log does not know the position; `newest` is the last sequence number issued.
    ///
    /// A position ahead of the end of its epoch continues there. Only if the next epoch is nameless
    /// is it unknown: entries counted to that one may belong to this one.
    package func resumption(at position: Position, newest: UInt64) -> UInt64? {
        guard let index = past.firstIndex(where: { $0.epoch == position.epoch }) else {
            return position.epoch == current && position.sequence <= newest
                ? position.sequence : nil
        }
        let end = past[index].through
        let next = index + 1 < past.count ? past[index + 1].epoch : current
        if position.sequence > end, next >= Self.firstNameless { return nil }
        return min(position.sequence, end)
    }
}
