// SPDX-License-Identifier: MIT

/// Decides which notifications the service manager receives, and when (sd_notify(3)).
///
/// It is called at the end of each turn, so that a loop that hangs sends none and the watchdog
/// fires.
package struct ServiceNotifier {
    /// The gateway's state, as reported to the manager.
    package struct Facts: Equatable {
        /// True if Channels has answered or failed once; listeners are open before the first turn.
        package var wasTried: Bool
        /// The upstream connection's state in one word.
        package var upstream: String
        package var readers: Int
        package var channels: Int
        /// How long the oldest unsynced change has waited.
        package var lag: Duration
    }

    /// The interval between checks of the status once the gateway is ready.
    package static let statusInterval: Duration = .seconds(1)
    /// A journal further behind than this is mentioned in the status.
    package static let reportedLag: Duration = .seconds(1)

    private enum Phase { case starting, ready, stopping }

    private let watchdogInterval: Duration?
    private var phase = Phase.starting
    private var nextWatchdogNotification: Duration = .zero
    private var nextStatusCheck: Duration = .zero
    private var status = ""

    /// Creates an announcer for a service that is not ready yet; `watchdog` is the manager's limit
    /// (`WATCHDOG_USEC`); the watchdog is notified twice as often.
    package init(watchdog: Duration?) {
        watchdogInterval = watchdog.map { $0 / 2 }
    }

    /// True from the notification that the gateway is ready until it stops.
    package var isReady: Bool { phase == .ready }

    /// The maximum time between two turns.
    package var interval: Duration {
        min(watchdogInterval ?? Self.statusInterval, Self.statusInterval)
    }

    /// Handles the end of a turn; returns the notification, or `nil`, as after almost every turn.
    package mutating func turned(at now: Duration, _ facts: () -> Facts) -> String? {
        var lines: [String] = []
        if let watchdogInterval, now >= nextWatchdogNotification {
            nextWatchdogNotification = now + watchdogInterval
            lines.append("WATCHDOG=1")
        }
        if phase == .starting || now >= nextStatusCheck, phase != .stopping {
            nextStatusCheck = now + Self.statusInterval
            lines += checkStatus(facts())
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// Handles the start of a reload, which the manager identifies by the monotonic time.
    package func reloadBegan(at now: Duration) -> String? {
        guard phase == .ready else { return nil }
        return "RELOADING=1\nMONOTONIC_USEC=\(Int64(now / .microseconds(1)))"
    }

    /// Handles the end of a reload, successful or not.
    package func reloadEnded() -> String? {
        phase == .ready ? "READY=1" : nil
    }

    /// Handles the start of the stop; from then on only the watchdog is notified.
    package mutating func stopping() -> String {
        phase = .stopping
        return "STOPPING=1\nSTATUS=Stopping: closing connections"
    }

    private mutating func checkStatus(_ facts: Facts) -> [String] {
        var lines: [String] = []
        if phase == .starting, facts.wasTried {
            phase = .ready
            lines.append("READY=1")
        }
        let words = Self.words(facts, isReady: phase == .ready)
        if words != status {
            status = words
            lines.append("STATUS=\(words)")
        }
        return lines
    }

    private static func words(_ facts: Facts, isReady: Bool) -> String {
        guard isReady else { return "Listening; Channels is \(facts.upstream)" }
        var words = "Channels \(facts.upstream); \(counted(facts.readers, "reader"))"
        words += " on \(counted(facts.channels, "channel"))"
        if facts.lag >= reportedLag {
            words += "; the journal is \(Int64(facts.lag / .seconds(1))) s behind"
        }
        return words
    }

    private static func counted(_ count: Int, _ thing: String) -> String {
        "\(count) \(thing)\(count == 1 ? "" : "s")"
    }
}
