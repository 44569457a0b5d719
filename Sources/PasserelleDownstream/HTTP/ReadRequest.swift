// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// The validated parameters of a request to read, shared by event streams and polls.
package struct ReadRequest: Equatable {
    /// The default limit on channels in one request.
    package static let channelLimit = 100
    /// The longest wait of a poll, in seconds; longer values are reduced to it.
    package static let longestWait = 55
    /// The maximum number of events in one answer to a poll, whatever `limit` is.
    package static let eventLimit = 1000

    /// The channels without duplicates, in the order of the request.
    package var channels: [String] = []
    /// `Last-Event-ID` in the header, else `lastEventId` in the query, else `after`.
    package var start: Start?
    /// `last`: the number of past messages that a new reader requests.
    package var last: Int?
    /// `replay=none`: after an unknown position, only its gap and new events.
    package var skipsReplay = false
    /// `wait`, in seconds; `nil` if the poll must be answered immediately.
    package var wait: Int?
    /// `limit`, in events.
    package var limit = ReadRequest.eventLimit
    /// `event`, which may be repeated: the names of the requested events; if empty, all events.
    package var events = EventNames()
    /// `format=data`.
    package var wantsOnlyData = false
    /// `user` and `user_info`: the claimed identity.
    package var claim = IdentityClaim()
    /// True if the query contains a token.
    package private(set) var hasToken = false

    /// Parses a query; refuses malformed, repeated or disallowed parameters.
    package init(
        query: String?, allowed: ChannelPatterns, channelLimit: Int = ReadRequest.channelLimit,
        settingNames: SettingNames = SettingNames()
    ) throws(Refusal) {
        var seen: [Parameter] = []
        var named: Set<String> = []
        var lastID: String?
        for (name, value) in try QueryItems.decode(query) {
            if name == "channel" {
                let name = try Self.check(
                    channel: value, allowed: allowed, settingNames)
                if named.insert(name).inserted { try add(name, limit: channelLimit) }
            } else if name == "event" {
                try add(event: value)
            } else if Self.isEventID(name) {
                // A polyfill may append it to a URL that has one already; the last one counts.
                if !value.isEmpty { lastID = value }
            } else if let parameter = Parameter(rawValue: name) {
                guard !seen.contains(parameter) else {
                    throw .badRequest("bad-query", "\(name) is given twice.")
                }
                seen.append(parameter)
                try take(parameter, value)
            } else {
                if name == BearerTokenLocation.parameter { hasToken = true }
                try claim.take(name, value)
            }
        }
        if let lastID { start = Start(lastEventID: lastID) }
        guard !channels.isEmpty else {
            throw .badRequest("bad-channel", "Name at least one channel: ?channel=NAME.")
        }
    }

    /// The start of a new reader, or of one with a position.
    package var effectiveStart: Start {
        start ?? last.map { .last($0) } ?? .now
    }

    private mutating func add(_ name: String, limit: Int) throws(Refusal) {
        guard channels.count < limit else {
            var refusal = Refusal.badRequest(
                "bad-channel", "A request names at most \(limit) channels.")
            refusal.limit = .channels
            throw refusal
        }
        channels.append(name)
    }

    private mutating func add(event name: String) throws(Refusal) {
        do throws(EventNames.Fault) {
            try events.add(name)
        } catch {
            switch error {
            case .badName:
                throw .badRequest(
                    "bad-query",
                    "event must have 1 to \(EventName.maximumLength) characters, no controls.")
            case .tooMany:
                throw .badRequest(
                    "bad-query", "A request names at most \(EventNames.limit) events.")
            }
        }
    }

    /// Checks that a channel's name is valid and that the gateway serves it.
    private static func check(
        channel: String, allowed: ChannelPatterns, _ settingNames: SettingNames
    ) throws(Refusal) -> String {
        do {
            let name = try ChannelName(channel)
            guard allowed.matches(name.text) else {
                throw Refusal(
                    403, "forbidden",
                    "This gateway does not serve that channel; see \(settingNames.channels).")
            }
            return name.text
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw .badRequest(
                "bad-channel",
                "A channel name must be 1 to \(ChannelName.maximumLength) of A-Z a-z 0-9 _-=@,.;")
        }
    }

    /// Returns true if a parameter is the header `Last-Event-ID` as polyfills of EventSource write
    /// it into the URL: `lastEventId` or `Last-Event-ID`, in any case.
    private static func isEventID(_ name: String) -> Bool {
        guard name.utf8.count == 11 || name.utf8.count == 13 else { return false }
        return ["lasteventid", "last-event-id"].contains(name.lowercased())
    }

    /// The parameters that may appear once, besides the channels and the claim.
    private enum Parameter: String { case after, last, replay, wait, limit, format }

    private mutating func take(_ parameter: Parameter, _ value: String) throws(Refusal) {
        switch parameter {
        case .after: start = try Self.start(value)
        case .last: last = min(try Self.number(parameter, value), Self.eventLimit)
        case .replay:
            guard value == "none" else { throw .badRequest("bad-query", "replay must be none.") }
            skipsReplay = true
        case .wait: wait = min(try Self.number(parameter, value), Self.longestWait)
        case .limit: limit = max(1, min(try Self.number(parameter, value), Self.eventLimit))
        case .format:
            guard value == "data" || value == "event" else {
                throw .badRequest("bad-query", "format must be event or data.")
            }
            wantsOnlyData = value == "data"
        }
    }

    /// Parses `POSITION`, `earliest` or `now`.
    package static func start(_ text: String) throws(Refusal) -> Start {
        if text == "now" { return .now }
        if text == "earliest" { return .earliest }
        guard let position = Position(text) else {
            throw .badRequest(
                "bad-position", "after must be a position from the gateway, earliest, or now.")
        }
        return .after(position)
    }

    private static func number(
        _ parameter: Parameter, _ value: String
    ) throws(Refusal) -> Int {
        let isNumber = !value.isEmpty && value.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber else {
            throw .badRequest("bad-query", "\(parameter.rawValue) must be an integer, 0 or more.")
        }
        // Digits that overflow are still a number: a very large one.
        return Int(value) ?? Int.max
    }
}

extension HTTPFields {
    /// The start given by the header `Last-Event-ID`; `nil` if it is missing or empty.
    var lastEventID: Start? {
        all("Last-Event-ID").last { !$0.isEmpty }.map(Start.init(lastEventID:))
    }
}

extension Start {
    /// Parses the last event's id as sent by an EventSource or its polyfill.
    ///
    /// An invalid position becomes an unknown one, which the reader receives as a gap. An
    /// EventSource would close for good on a refusal.
    init(lastEventID: String) {
        self = (try? ReadRequest.start(lastEventID)) ?? .unknown
    }
}

extension ReadRequest {
    /// Parses a request's query.
    init(_ request: HTTPRequest, _ configuration: DownstreamConfiguration) throws(Refusal) {
        try self.init(
            query: request.query, allowed: configuration.channels,
            channelLimit: configuration.limits.channels, settingNames: configuration.settingNames)
    }

    /// Checks that a channel's name is valid and that the gateway serves it.
    static func check(
        channel: String, _ configuration: DownstreamConfiguration
    ) throws(Refusal) -> String {
        try check(
            channel: channel, allowed: configuration.channels, configuration.settingNames)
    }
}
