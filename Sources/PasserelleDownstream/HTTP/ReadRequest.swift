// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// What a request to read asks for, checked: shared by event streams and polls.
package struct ReadRequest: Equatable {
    /// Channels that one request may name unless it is said otherwise.
    package static let channelLimit = 100
    /// The longest wait of a poll, in seconds; longer ones are cut to it.
    package static let longestWait = 55
    /// Events that one poll tells at most, whatever `limit` says.
    package static let eventLimit = 1000

    /// The channels, each once, in the order in which they were named.
    package var channels: [String] = []
    /// `after`, or a header that stands for it.
    package var start: Start?
    /// `last`: how many messages of the past a fresh reader wants.
    package var last: Int?
    /// `wait`, in seconds; `nil` where the poll is to be answered at once.
    package var wait: Int?
    /// `limit`, in events.
    package var limit = ReadRequest.eventLimit
    /// `format=data`.
    package var wantsOnlyData = false
    /// `user` and `user_info`: who says that they read.
    package var claim = IdentityClaim()
    /// Whether a token stands in the query.
    package private(set) var showsToken = false

    /// Reads a query; refuses what is malformed, given twice, or not to be asked for.
    package init(
        query: String?, allowed: ChannelPatterns, channelLimit: Int = ReadRequest.channelLimit
    ) throws(Refusal) {
        var seen: [Parameter] = []
        for (name, value) in try QueryItems.decode(query) {
            if name == "channel" {
                try add(channel: value, allowed: allowed, limit: channelLimit)
            } else if let parameter = Parameter(rawValue: name) {
                guard !seen.contains(parameter) else {
                    throw .badRequest("bad-query", "\(name) is given twice.")
                }
                seen.append(parameter)
                try take(parameter, value)
            } else {
                if name == ShownToken.parameter { showsToken = true }
                try claim.take(name, value)
            }
        }
        guard !channels.isEmpty else {
            throw .badRequest("bad-channel", "Name at least one channel: ?channel=NAME.")
        }
    }

    /// Where a fresh reader or one with a cursor begins.
    package var effectiveStart: Start {
        start ?? last.map { .last($0) } ?? .now
    }

    private mutating func add(
        channel: String, allowed: ChannelPatterns, limit: Int
    ) throws(Refusal) {
        let name = try Self.check(channel: channel, allowed: allowed)
        guard !channels.contains(name) else { return }
        guard channels.count < limit else {
            var refusal = Refusal.badRequest(
                "bad-channel", "A request names at most \(limit) channels.")
            refusal.limit = .channels
            throw refusal
        }
        channels.append(name)
    }

    /// Checks a channel's name and whether this gateway serves it.
    package static func check(
        channel: String, allowed: ChannelPatterns
    ) throws(Refusal) -> String {
        do {
            let name = try ChannelName(channel)
            guard allowed.matches(name.text) else {
                throw Refusal(
                    403, "forbidden",
                    "This gateway does not serve that channel; PASSERELLE_CHANNELS says which.")
            }
            return name.text
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .badRequest(
                "bad-channel",
                "A channel's name has 1 to \(ChannelName.maximumLength) of A-Z a-z 0-9 _-=@,.;")
        }
    }

    /// What may be said once beside the channels and the claim.
    private enum Parameter: String { case after, last, wait, limit, format }

    private mutating func take(_ parameter: Parameter, _ value: String) throws(Refusal) {
        switch parameter {
        case .after: start = try Self.start(value)
        case .last: last = min(try Self.number(parameter, value), Self.eventLimit)
        case .wait: wait = min(try Self.number(parameter, value), Self.longestWait)
        case .limit: limit = max(1, min(try Self.number(parameter, value), Self.eventLimit))
        case .format:
            guard value == "data" || value == "event" else {
                throw .badRequest("bad-query", "format is event or data.")
            }
            wantsOnlyData = value == "data"
        }
    }

    /// Reads `POSITION`, `earliest` or `now`.
    package static func start(_ text: String) throws(Refusal) -> Start {
        if text == "now" { return .now }
        if text == "earliest" { return .earliest }
        guard let position = Position(text) else {
            throw .badRequest(
                "bad-position", "after is a position as the gateway tells it, earliest, or now.")
        }
        return .after(position)
    }

    private static func number(
        _ parameter: Parameter, _ value: String
    ) throws(Refusal) -> Int {
        let isNumber = !value.isEmpty && value.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber else {
            throw .badRequest("bad-query", "\(parameter.rawValue) is a whole number, 0 or more.")
        }
        // More digits than a number holds are still a number: a very large one.
        return Int(value) ?? Int.max
    }
}

extension ReadRequest {
    /// Reads a request's query.
    init(_ request: HTTPRequest, _ configuration: DownstreamConfiguration) throws(Refusal) {
        try self.init(
            query: request.query, allowed: configuration.channels,
            channelLimit: configuration.limits.channels)
    }
}
