// SPDX-License-Identifier: MIT

/// Decides what the service manager is told, and when (sd_notify(3)).
///
/// It is told of each turn of the loop, so that a loop that no longer turns says nothing and the
/// watchdog bites.
struct ServiceAnnouncer {
    /// How the gateway is, as far as the manager is to know.
    struct Facts: Equatable {
        /// Whether Channels has answered or failed once; listeners are open before the first turn.
        var wasTried: Bool
        /// The upstream connection's state in one word.
        var upstream: String
        var readers: Int
        var channels: Int
        /// How long what waits to reach the disk has waited.
        var lag: Duration
    }

    /// How often the status is looked at once the gateway is ready.
    static let statusInterval: Duration = .seconds(1)
    /// A journal further behind than this is worth a word.
    static let worthyLag: Duration = .seconds(1)

    private enum Phase { case starting, ready, stopping }

    private let petInterval: Duration?
    private var phase = Phase.starting
    private var nextPet: Duration = .zero
    private var nextLook: Duration = .zero
    private var status = ""

    /// An announcer for a service that has yet to become ready; `watchdog` is the manager's limit
    /// (`WATCHDOG_USEC`), which is met twice over.
    init(watchdog: Duration?) {
        petInterval = watchdog.map { $0 / 2 }
    }

    /// True once the manager was told so, until the end begins.
    var isReady: Bool { phase == .ready }

    /// The longest time that may pass between two turns.
    var interval: Duration {
        min(petInterval ?? Self.statusInterval, Self.statusInterval)
    }

    /// A turn ended: gives what to tell, or `nil`, which is what nearly every turn gives.
    mutating func turned(at now: Duration, _ facts: () -> Facts) -> String? {
        var lines: [String] = []
        if let petInterval, now >= nextPet {
            nextPet = now + petInterval
            lines.append("WATCHDOG=1")
        }
        if phase == .starting || now >= nextLook, phase != .stopping {
            nextLook = now + Self.statusInterval
            lines += look(facts())
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// A reload begins; the time, monotonic, tells the manager which reload it is.
    func reloadBegan(at now: Duration) -> String? {
        guard phase == .ready else { return nil }
        return "RELOADING=1\nMONOTONIC_USEC=\(Int64(now / .microseconds(1)))"
    }

    /// The reload is over, whatever came of it.
    func reloadEnded() -> String? {
        phase == .ready ? "READY=1" : nil
    }

    /// The end begins; from now on only the watchdog is fed.
    mutating func stopping() -> String {
        phase = .stopping
        return "STOPPING=1\nSTATUS=Stopping: readers are sent away in order"
    }

    private mutating func look(_ facts: Facts) -> [String] {
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
        if facts.lag >= worthyLag {
            words += "; the journal is \(Int64(facts.lag / .seconds(1))) s behind"
        }
        return words
    }

    private static func counted(_ count: Int, _ thing: String) -> String {
        "\(count) \(thing)\(count == 1 ? "" : "s")"
    }
}
