// SPDX-License-Identifier: MIT

/// What happened in simulated worlds, and how much of it was judged: a run in which nothing happens
/// proves nothing.
struct PresenceCoverage {
    /// Pairs of an event and a reader who had to hear it exactly once.
    var pairs = 0
    /// Moments in which nothing was under way, and the pool had to be as small as can be.
    var settled = 0
    var cuts = 0
    var observerLosses = 0
    var reconnects = 0
    var moves = 0
    var connectionRefusals = 0
    var memberRefusals = 0
    /// Users who are members after a refusal.
    var recoveries = 0
    var sentAsOwn = 0
    var sentAsGateway = 0
    var merged = 0
    var excess = 0
    /// Events that waited for their user to become a member.
    var waited = 0
    /// Events that a cut swallowed.
    var lost = 0

    static func += (total: inout PresenceCoverage, one: PresenceCoverage) {
        for path in all { total[keyPath: path] += one[keyPath: path] }
    }

    /// What did not happen, or too seldom, in a few worlds.
    var gaps: [String] {
        var all = zip(Self.names, Self.all).filter { self[keyPath: $1] < 1 }.map {
            "\($0): \(self[keyPath: $1])"
        }
        if pairs < 2000 { all.append("only \(pairs) events were judged") }
        return all
    }

    private static var all: [WritableKeyPath<PresenceCoverage, Int>] {
        [
            \.pairs, \.settled, \.cuts, \.observerLosses, \.reconnects, \.moves,
            \.connectionRefusals, \.memberRefusals, \.recoveries, \.sentAsOwn, \.sentAsGateway,
            \.merged, \.excess, \.waited, \.lost,
        ]
    }

    private static let names = [
        "pairs", "settled", "cuts", "observerLosses", "reconnects", "moves",
        "connectionRefusals", "memberRefusals", "recoveries", "sentAsOwn", "sentAsGateway",
        "merged", "excess", "waited", "lost",
    ]
}

/// A fault that is put in on purpose, to see that it is found.
enum PresenceMutation: CaseIterable {
    /// Senders hear themselves.
    case tellSender
    /// What was heard last before a loss is heard again behind it.
    case repeatAfterLoss
    /// One event in twenty does not reach the hub.
    case dropSome
    /// The gateway speaks for those who are becoming members.
    case speakTooEarly
    /// What is too many goes out.
    case neverExcess
    /// One subscription in ten is not given up.
    case stayBehind
    /// Users leave five seconds late.
    case leaveLate
    /// One subscription in twenty is never asked for.
    case forgetSome
    /// Connections that are too many stay.
    case keepSurplus
    /// The hub tells removals at once, though the user reads here.
    case tellAbsences
}
