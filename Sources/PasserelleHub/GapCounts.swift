// SPDX-License-Identifier: MIT

/// How many gaps there were, by their reasons.
package struct GapCounts: Equatable, Sendable {
    private var upstream: UInt64 = 0
    private var idle: UInt64 = 0
    private var restart: UInt64 = 0
    private var evicted: UInt64 = 0
    private var unknownPosition: UInt64 = 0

    package init() {}

    /// How many had this reason.
    package subscript(reason: GapReason) -> UInt64 {
        get {
            switch reason {
            case .upstream: upstream
            case .idle: idle
            case .restart: restart
            case .evicted: evicted
            case .unknownPosition: unknownPosition
            }
        }
        set {
            switch reason {
            case .upstream: upstream = newValue
            case .idle: idle = newValue
            case .restart: restart = newValue
            case .evicted: evicted = newValue
            case .unknownPosition: unknownPosition = newValue
            }
        }
    }

    /// How many there were of all reasons.
    package var total: UInt64 { upstream + idle + restart + evicted + unknownPosition }

    /// Adds what others have counted.
    package static func + (one: GapCounts, other: GapCounts) -> GapCounts {
        var sum = one
        sum.upstream += other.upstream
        sum.idle += other.idle
        sum.restart += other.restart
        sum.evicted += other.evicted
        sum.unknownPosition += other.unknownPosition
        return sum
    }
}
