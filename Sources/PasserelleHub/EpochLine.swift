// SPDX-License-Identifier: MIT

/// The lives of one log, one after the other: which sequence numbers each epoch has given out.
///
/// A restart that keeps the log begins a new epoch, since what was said last may not have reached
/// the disk: a reader that got it then holds a position that lies ahead of what its epoch is known
/// to have said, and is told so. All other positions stay good.
package struct EpochLine: Equatable, Sendable {
    /// An epoch that has ended.
    package struct Past: Equatable, Sendable {
        package let epoch: UInt64
        /// The last sequence number that is known to have been given out in it.
        package let through: UInt64

        package init(epoch: UInt64, through: UInt64) {
            self.epoch = epoch
            self.through = through
        }
    }

    /// Past epochs that are remembered; a position of an older one is unknown.
    package static let remembered = 64

    /// What a position is to this log.
    package enum Place: Equatable { case known, ahead, unknown }

    /// In rising order of their numbers; at most `remembered`.
    package let past: [Past]
    package let current: UInt64

    package init(_ current: UInt64, after past: [Past] = []) {
        self.current = current
        self.past = Array(past.suffix(Self.remembered))
    }

    /// The sequence number behind which the current epoch begins.
    package var beginning: UInt64 { past.last?.through ?? 0 }

    /// The line as the next life of the log has it, when this one ended at `sequence`.
    package func continued(by epoch: UInt64, after sequence: UInt64) -> EpochLine {
        EpochLine(epoch, after: past + [Past(epoch: current, through: sequence)])
    }

    /// The position of a sequence number, in the epoch in which it was given out.
    package func position(at sequence: UInt64) -> Position {
        guard sequence <= beginning, let owner = past.first(where: { sequence <= $0.through })
        else { return Position(epoch: current, sequence: sequence) }
        return Position(epoch: owner.epoch, sequence: sequence)
    }

    /// What a position is, where `newest` is the last sequence number given out.
    package func place(of position: Position, newest: UInt64) -> Place {
        if position.epoch == current { return position.sequence <= newest ? .known : .ahead }
        guard let owner = past.first(where: { $0.epoch == position.epoch }) else {
            return .unknown
        }
        return position.sequence <= owner.through ? .known : .ahead
    }
}
