// SPDX-License-Identifier: MIT

import PasserelleTesting

/// One thing that happens in a simulated day.
///
/// Every number is taken modulo what there is when the step is done, so that any part of a schedule
/// is a schedule too: that is what makes a failing one shrink.
enum Step: Equatable {
    /// The application says something on a channel.
    case publish(channel: Int)
    /// The application deletes one of the last messages of a channel.
    case delete(channel: Int, back: Int)
    /// A client of the application types.
    case type(channel: Int)
    /// A user comes or goes.
    case presence(channel: Int, user: Int, isJoining: Bool)
    /// So many of the messages on their way reach the gateway.
    case deliver(count: Int)
    /// The server says a frame again that does no harm when it is said twice.
    case duplicate(channel: Int)
    /// The connection to Channels is lost with all that is on its way; some ends have a code.
    case lose(code: Int)
    /// The server sends what is no message.
    case garbage
    /// The server refuses the next subscription.
    case refuse
    /// Time passes, and both ends look at their clocks.
    case pass(milliseconds: Int)
    /// The wall clock is set, forward or back; the steady one goes on.
    case jump(milliseconds: Int)
    /// A reader comes for some channels: an event stream, or a poller.
    case attach(channels: Int, polls: Bool, start: Int)
    /// A reader's socket takes nothing more, or takes bytes again.
    case stall(reader: Int, isStalled: Bool)
    /// A reader's socket breaks after so many of the entries that it was about to get.
    case cut(reader: Int, entries: Int)
    /// A reader comes back with the last position that it was told, perhaps on another surface.
    case resume(reader: Int, polls: Bool)
    /// A poller asks again, for so many entries at most.
    case poll(reader: Int, limit: Int)
    /// The journal's disk ends what it was given, or is given something, so many times over; of an
    /// operation that fails, so many thousandths are done.
    case writeDown(turns: Int, part: Int)
    /// The journal's disk fails after so many operations, or works again.
    case fault(after: Int?)
    /// The gateway ends and starts anew from what is on the disk then; the seed says what that is.
    case restart(Ending, seed: UInt64)
}

/// How a life of the gateway ends.
enum Ending: CaseIterable {
    /// By a signal that it obeys: what it knows is on the disk then.
    case inOrder
    /// In the middle of whatever it does: what it had written stays.
    case killed
    /// With the machine: of what was written since the last sync, any part stays.
    case lostPower
    /// Killed, and some bytes of the journal are others afterwards.
    case damaged
    /// With everything on the disk, or it had no state directory.
    case forgotten
}

/// A day made from a seed.
enum Schedule {
    static func steps(seed: UInt64, count: Int) -> [Step] {
        var random = SeededRandom(seed: seed)
        // Some days are calm, some are stormy: how often things break is drawn once a day.
        let storm = Int.random(in: 0...12, using: &random)
        return (0..<count).map { _ in step(&random, storm: storm) }
    }

    private static func step(_ random: inout SeededRandom, storm: Int) -> Step {
        func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        if number(100) < storm { return trouble(number) }
        switch number(100) {
        case 0..<24: return .publish(channel: number(8))
        case 24..<28: return .delete(channel: number(8), back: number(6))
        case 28..<32: return .type(channel: number(8))
        case 32..<38:
            return .presence(channel: number(8), user: number(5), isJoining: number(2) == 0)
        case 38..<58: return .deliver(count: 1 + number(6))
        case 58..<64: return .writeDown(turns: 1 + number(8), part: number(1001))
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
                [.inOrder, .killed, .killed, .lostPower, .lostPower, .damaged, .forgotten][
                    number(7)], seed: UInt64(number(1 << 30)))
        default: .cut(reader: number(64), entries: number(5))
        }
    }
}
