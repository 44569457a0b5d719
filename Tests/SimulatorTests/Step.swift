// SPDX-License-Identifier: MIT

import PasserelleTesting

/// One step of a simulated scenario.
///
/// Every number is taken modulo the current count when the step is performed, so that any part of a
/// schedule is a schedule too, and a failing one can be shrunk.
enum Step: Equatable {
    /// The application publishes a message on a channel.
    case publish(channel: Int)
    /// The application deletes one of the last messages of a channel.
    case delete(channel: Int, back: Int)
    /// A client of the application sends a typing event.
    case type(channel: Int)
    /// A user joins or leaves.
    case presence(channel: Int, user: Int, isJoining: Bool)
    /// Some of the frames in flight reach the gateway.
    case deliver(count: Int)
    /// The server repeats a frame, which must be harmless.
    case duplicate(channel: Int)
    /// The connection to Channels is lost with all frames in flight; some losses have a close code.
    case lose(code: Int)
    /// The server sends an invalid message.
    case garbage
    /// The server refuses the next subscription.
    case refuse
    /// Time passes, and both ends check their clocks.
    case pass(milliseconds: Int)
    /// The wall clock is set forward or back; the steady clock continues.
    case jump(milliseconds: Int)
    /// A reader attaches to some channels: an event stream or a poller.
    case attach(channels: Int, polls: Bool, start: Int)
    /// A reader's socket stalls, or accepts bytes again.
    case stall(reader: Int, isStalled: Bool)
    /// A reader's socket breaks after some of its pending entries.
    case cut(reader: Int, entries: Int)
    /// A reader resumes at its last position, perhaps on another transport.
    case resume(reader: Int, polls: Bool)
    /// A poller polls again, for at most `limit` entries.
    case poll(reader: Int, limit: Int)
    /// The journal's disk completes or begins a batch, `turns` times.
    ///
    /// If an operation fails, `part` thousandths of it are done.
    case runDisk(turns: Int, part: Int)
    /// The journal's disk fails after this many operations, or works again if `nil`.
    case fault(after: Int?)
    /// The gateway ends and restarts from the disk; the seed determines the bytes that are left on
    /// it.
    case restart(Ending, seed: UInt64)
}

/// The ways in which a run of the gateway can end.
enum Ending: CaseIterable {
    /// By a signal that it handles: all its state is then on the disk.
    case inOrder
    /// Killed at any point: all bytes that it wrote remain.
    case killed
    /// With the machine: of the bytes written since the last sync, any part remains.
    case lostPower
    /// Killed, and some bytes of the journal have changed afterwards.
    case damaged
    /// With the loss of the disk, or without a state directory.
    case lostState
}

/// A schedule generated from a seed.
enum Schedule {
    static func steps(seed: UInt64, count: Int) -> [Step] {
        var random = SeededRandom(seed: seed)
        // The rate of faults is drawn once per schedule: some have few, some many.
        let faultRate = Int.random(in: 0...12, using: &random)
        return (0..<count).map { _ in step(&random, faultRate: faultRate) }
    }

    private static func step(_ random: inout SeededRandom, faultRate: Int) -> Step {
        func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        if number(100) < faultRate { return trouble(number) }
        switch number(100) {
        case 0..<24: return .publish(channel: number(8))
        case 24..<28: return .delete(channel: number(8), back: number(6))
        case 28..<32: return .type(channel: number(8))
        case 32..<38:
            return .presence(channel: number(8), user: number(5), isJoining: number(2) == 0)
        case 38..<58: return .deliver(count: 1 + number(6))
        case 58..<64: return .runDisk(turns: 1 + number(8), part: number(1001))
        case 64..<70: return .pass(milliseconds: [1, 50, 900, 3100, 12_000][number(5)])
        case 70..<76:
            return .attach(channels: 1 + number(255), polls: number(3) == 0, start: number(4))
        case 76..<82: return .stall(reader: number(64), isStalled: number(2) == 0)
        case 82..<88: return .resume(reader: number(64), polls: number(3) == 0)
        default: return .poll(reader: number(64), limit: 1 + number(5))
        }
    }

    private static func trouble(_ number: (Int) -> Int) -> Step {
        switch number(15) {
        case 0...2: .lose(code: [0, 0, 1006, 4100, 4200, 4201][number(6)])
        case 3: .garbage
        case 4: .refuse
        case 5: .duplicate(channel: number(8))
        case 6: .jump(milliseconds: [-86_400_000, -500, 500, 3_600_000][number(4)])
        case 7, 8: .fault(after: [0, 1, 3, 8, nil][number(5)])
        case 9...12:
            .restart(
                [.inOrder, .killed, .killed, .lostPower, .lostPower, .damaged, .lostState][
                    number(7)], seed: UInt64(number(1 << 30)))
        default: .cut(reader: number(64), entries: number(5))
        }
    }
}
