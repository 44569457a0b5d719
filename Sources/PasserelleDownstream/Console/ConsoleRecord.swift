// SPDX-License-Identifier: MIT

import PasserelleHub

/// The gateway at one moment, as the console shows it: bounded, whatever there is.
struct ConsoleRecord: Equatable {
    /// Channels that are listed.
    static let channelLimit = 50
    /// Members of a channel that are listed.
    static let memberLimit = 8
    /// Bytes of what is said of a member that are shown, where content is.
    static let infoBytes = 256

    /// One channel.
    struct Row: Equatable {
        let name: String
        let state: String
        let readers: Int
        let events: Int
        let bytes: Int
        let memberCount: Int
        /// The first of them.
        let members: [Member]
    }

    /// How many there are by each way of reading.
    struct Surfaces: Equatable {
        var streams: UInt64 = 0
        var polls: UInt64 = 0
        var lines: UInt64 = 0
    }

    var time = WallTime(milliseconds: 0)
    /// How long the gateway has been there.
    var uptime: Duration = .zero
    var facts = GatewayFacts()
    /// Who reads now.
    var readers = Surfaces()
    /// What they were told since the gateway began.
    var deliveries = Surfaces()
    /// Entries that were logged since then, gaps apart.
    var events: UInt64 = 0
    var gaps: UInt64 = 0
    var refusals: UInt64 = 0
    var logBytes = 0
    var logLimit = 0
    var channelCount = 0
    /// How many channels there are in each state.
    var states: [String: Int] = [:]
    var memberCount = 0
    /// Those with most readers, of equals those on which something was said last; in an order that
    /// does not change with every event.
    var channels: [Row] = []

    /// A record that says nothing yet.
    init() {}

    /// Reads what a hub holds; each channel costs a look.
    init(_ hub: Hub) {
        events = hub.counters.events
        gaps = hub.counters.gaps.total
        logBytes = hub.logBytes
        logLimit = hub.configuration.totalBytes
        channelCount = hub.channels.count
        var first = Largest<Channel>(Self.channelLimit) { $0.precedes($1) }
        for channel in hub.channels.values {
            states[channel.subscription.word, default: 0] += 1
            memberCount += channel.members.count
            first.offer(channel)
        }
        channels = first.elements.map(Row.init).sorted {
            ($1.readers, $0.name) < ($0.readers, $1.name)
        }
    }
}

extension ConsoleRecord.Row {
    fileprivate init(_ channel: Channel) {
        self.init(
            name: channel.name, state: channel.subscription.word, readers: channel.readers.count,
            events: channel.log.count, bytes: channel.log.bytes,
            memberCount: channel.members.count,
            members: channel.members.first(ConsoleRecord.memberLimit))
    }
}

extension Channel {
    /// Which channels the console lists where there are too many.
    fileprivate func precedes(_ other: Channel) -> Bool {
        if readers.count != other.readers.count { return readers.count > other.readers.count }
        let (own, others) = (newest, other.newest)
        return own == others ? name < other.name : own > others
    }

    /// The sequence number of what was said last and is held.
    private var newest: UInt64 { max(log.newest?.sequence ?? 0, ephemera.newest?.sequence ?? 0) }
}
