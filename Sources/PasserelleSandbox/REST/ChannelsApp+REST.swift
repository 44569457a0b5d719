// SPDX-License-Identifier: MIT

package import PasserelleWire

extension ChannelsApp {
    /// Answers a REST request and returns its effects on the clients.
    ///
    /// `wallMilliseconds` is UTC since 1970; the request's time stamp is compared with it.
    package mutating func requested(
        _ request: HTTPRequest, now: Duration, wallMilliseconds: Int64
    ) -> (response: HTTPResponse, actions: [ChannelsAction]) {
        counts.requests += 1
        do throws(RESTError) {
            let route = try RESTRoute.parse(request, appID: configuration.appID)
            let query: [(name: String, value: String)]
            do { query = try HTTPTarget.decodeQuery(request.query ?? "") } catch {
                throw .badTarget
            }
            try RESTSignature(key: configuration.key, secret: configuration.secret)
                .check(request, query: query, wallMilliseconds: wallMilliseconds)
            let response = try answer(route, query: query, body: request.body, now: now)
            return (response, takeActions())
        } catch {
            return (error.response, takeActions())
        }
    }

    private mutating func answer(
        _ route: RESTRoute, query: [(name: String, value: String)], body: [UInt8], now: Duration
    ) throws(RESTError) -> HTTPResponse {
        func parameter(_ name: String) -> String? { query.last { $0.name == name }?.value }
        let result: JSONObjectWriter
        switch route {
        case .trigger:
            result = publish(try PublishedEvent.trigger(body), now: now)
        case .batch:
            result = publish(batch: try PublishedEvent.batch(body), now: now)
        case .legacyTrigger(let channel):
            let event = try PublishedEvent.legacy(channel: channel, query: query, body: body)
            _ = publish(event, now: now)
            return .text(202, "202 ACCEPTED\n")
        case .channels:
            result = try channels(
                prefix: parameter("filter_by_prefix") ?? "",
                attributes: ChannelAttribute.parse(parameter("info")))
        case .channel(let name):
            result = try channel(
                name, attributes: ChannelAttribute.parse(parameter("info")), now: now)
        case .legacyStats(let name):
            let kind = try checked(name).kind
            result = try channel(
                name, attributes: kind == .presence ? [.userCount] : [], now: now)
        case .users(let name):
            result = try users(of: name)
        case .terminate(let userID):
            terminate(userID: userID, now: now)
            result = [:]
        }
        return .json(result)
    }

    // MARK: Publishing

    /// Publishes an event that needs no signature, such as one from a test.
    mutating func published(_ event: PublishedEvent, now: Duration) -> [ChannelsAction] {
        deliver(event, now: now)
        return takeActions()
    }

    private mutating func publish(_ event: PublishedEvent, now: Duration) -> JSONObjectWriter {
        deliver(event, now: now)
        guard !event.attributes.isEmpty else { return [:] }
        var described = JSONObjectWriter()
        for channel in event.channels {
            described.member(channel.text, attributes(event.attributes, of: channel, now: now))
        }
        return ["channels": described]
    }

    private mutating func publish(batch: [PublishedEvent], now: Duration) -> JSONObjectWriter {
        for event in batch { deliver(event, now: now) }
        guard batch.contains(where: { !$0.attributes.isEmpty }) else { return [:] }
        let described = batch.map { event in
            event.channels.first.map { attributes(event.attributes, of: $0, now: now) } ?? [:]
        }
        return ["batch": described]
    }

    private mutating func deliver(_ event: PublishedEvent, now: Duration) {
        var delivered: Set<ChannelName> = []
        let excluded = event.excludedSocketID.flatMap { socketID in
            connections.values.first { $0.socketID == socketID }?.id
        }
        for channel in event.channels where delivered.insert(channel).inserted {
            counts.eventsPublished += 1
            if channel.isCache {
                cache.remember(channel.text, name: event.name, data: event.data, now: now)
            }
            guard let listeners = channels[channel.text]?.connections else { continue }
            let frame = ServerMessage.encodedEvent(
                channel: channel.text, name: event.name, wireData: event.data, userID: nil)
            send(frame, toAll: listeners, but: excluded)
        }
    }

    // MARK: Queries

    private func channels(
        prefix: String, attributes wanted: Set<ChannelAttribute>
    ) throws(RESTError) -> JSONObjectWriter {
        if wanted.contains(.userCount), !prefix.utf8.starts(with: "presence-".utf8) {
            throw .attributeNotApplicable(ChannelAttribute.userCount.rawValue)
        }
        if wanted.contains(.cache) {
            throw .attributeNotApplicable(ChannelAttribute.cache.rawValue)
        }
        var found = JSONObjectWriter()
        for name in channels.keys.sorted() where name.utf8.starts(with: prefix.utf8) {
            guard let channel = channels[name]?.name, channel.kind != .serverToUser else {
                continue
            }
            found.member(name, attributes(wanted, of: channel, now: .zero))
        }
        return ["channels": found]
    }

    private func channel(
        _ name: String, attributes wanted: Set<ChannelAttribute>, now: Duration
    ) throws(RESTError) -> JSONObjectWriter {
        let channel = try checked(name)
        if wanted.contains(.userCount), channel.kind != .presence {
            throw .attributeNotApplicable(ChannelAttribute.userCount.rawValue)
        }
        if wanted.contains(.cache), !channel.isCache {
            throw .attributeNotApplicable(ChannelAttribute.cache.rawValue)
        }
        return attributes(
            wanted, of: channel, now: now, into: ["occupied": channels[name] != nil])
    }

    private func users(of name: String) throws(RESTError) -> JSONObjectWriter {
        guard try checked(name).kind == .presence else { throw .notPresence }
        let users = channels[name]?.members.map { entry -> JSONObjectWriter in
            ["id": entry.member.userID]
        }
        return ["users": users ?? []]
    }

    private func checked(_ name: String) throws(RESTError) -> ChannelName {
        guard let channel = try? ChannelName(name) else { throw .badChannel(printable(name)) }
        return channel
    }

    /// Writes the attributes that apply to the channel and omits the others.
    private func attributes(
        _ wanted: Set<ChannelAttribute>, of channel: ChannelName, now: Duration,
        into start: JSONObjectWriter = [:]
    ) -> JSONObjectWriter {
        var answer = start
        let occupied = channels[channel.text]
        if wanted.contains(.userCount), channel.kind == .presence {
            answer.member("user_count", occupied?.members.count ?? 0)
        }
        if wanted.contains(.subscriptionCount) {
            answer.member("subscription_count", occupied?.connections.count ?? 0)
        }
        if wanted.contains(.cache), channel.isCache {
            let cached = cache.entry(channel.text, now: now).map { entry -> JSONObjectWriter in
                ["data": RawJSON(entry.data), "ttl": (entry.until - now).components.seconds]
            }
            answer.member("cache", optional: cached)
        }
        return answer
    }
}
