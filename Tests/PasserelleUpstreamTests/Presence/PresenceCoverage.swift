// SPDX-License-Identifier: MIT

/// Counts the occurrences and the checks in simulations, so that no run passes idle.
struct PresenceCoverage {
    /// Pairs of an event and a reader that had to receive it exactly once.
    var pairs = 0
    /// Moments without pending work, in which the pool had to have the fewest connections.
    var settled = 0
    var cuts = 0
    var observerLosses = 0
    var reconnects = 0
    var moves = 0
    var connectionRefusals = 0
    var memberRefusals = 0
    /// Users that are members after a refusal.
    var recoveries = 0
    var sentAsOwn = 0
    var sentAsGateway = 0
    var merged = 0
    var excess = 0
    /// Events that waited for their user's membership.
    var waited = 0
    /// Events lost with a connection.
    var lost = 0

    static func += (total: inout PresenceCoverage, one: PresenceCoverage) {
        for path in all { total[keyPath: path] += one[keyPath: path] }
    }

    /// The occurrences that are missing or too rare after a few simulations.
    var gaps: [String] {
        var all = zip(Self.names, Self.all).filter { self[keyPath: $1] < 1 }.map {
            "\($0): \(self[keyPath: $1])"
        }
        if pairs < 2000 { all.append("only \(pairs) deliveries were verified") }
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

/// A deliberate fault, to prove that the simulation detects it.
enum PresenceMutation: CaseIterable {
    /// Senders receive their own events.
    case echoToSender
    /// The last event before a loss is delivered again after it.
    case repeatAfterLoss
    /// One event in twenty does not reach the hub.
    case dropSome
    /// The gateway sends the events of pending members on its own connection.
    case sendTooEarly
    /// Events over the limit are sent.
    case neverExcess
    /// One subscription in ten is not ended.
    case keepSubscriptions
    /// The unsubscription after a refusal is sent after the report.
    case undoLate
    /// A refusal is not followed by an unsubscription.
    case keepRefused
    /// Users leave five seconds late.
    case leaveLate
    /// One subscription in twenty is never sent.
    case forgetSome
    /// Surplus connections are not closed.
    case keepSurplus
    /// The hub reports removals at once, even if the user reads here.
    case reportAbsences
}
