// SPDX-License-Identifier: MIT
package import PasserelleWire

extension ChannelsApp {
    /// Answers one REST request, and gives what its effect is on the clients.
    ///
    /// `wallMilliseconds` is UTC, since 1970; the time stamp of the request is held against it.
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
        let result: JSONObject
        switch route {
        case .trigger:
            result = publish(try PublishedEvent.trigger(body), now: now)
        case .batch:
            result = publish(batch: try PublishedEvent.batch(body), now: now)
        case .legacyTrigger(let channel):
            let event = try PublishedEvent.legacy(channel: channel, query: query, body: body)
            _ = publish(event, now: now)
            return HTTPResponse(
                status: 202, fields: ["Content-Type": "text/plain; charset=utf-8"],
                body: Array("202 ACCEPTED\n".utf8))
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
            result = JSONObject()
        }
        return HTTPResponse(
            status: 200, fields: ["Content-Type": "application/json"], body: result.bytes)
    }

    // MARK: Publishing

    /// Tells an event that needs no signature, such as one that a test publishes.
    mutating func published(_ event: PublishedEvent, now: Duration) -> [ChannelsAction] {
        spread(event, now: now)
        return takeActions()
    }

    private mutating func publish(_ event: PublishedEvent, now: Duration) -> JSONObject {
        spread(event, now: now)
        var answer = JSONObject()
        guard !event.attributes.isEmpty else { return answer }
        var described = JSONObject()
        for channel in event.channels {
            described.add(
                channel.text, raw: attributes(event.attributes, of: channel, now: now).bytes)
        }
        answer.add("channels", raw: described.bytes)
        return answer
    }

    private mutating func publish(batch: [PublishedEvent], now: Duration) -> JSONObject {
        for event in batch { spread(event, now: now) }
        var answer = JSONObject()
        guard batch.contains(where: { !$0.attributes.isEmpty }) else { return answer }
        let described = batch.map { event in
            event.channels.first.map { attributes(event.attributes, of: $0, now: now).bytes }
                ?? JSONObject().bytes
        }
        answer.add("batch", raw: JSONObject.array(described))
        return answer
    }

    private mutating func spread(_ event: PublishedEvent, now: Duration) {
        var told: Set<ChannelName> = []
        let excluded = event.excludedSocketID.flatMap { socketID in
            connections.values.first { $0.socketID == socketID }?.id
        }
        for channel in event.channels where told.insert(channel).inserted {
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

    // MARK: Asking

    private func channels(
        prefix: String, attributes wanted: Set<ChannelAttribute>
    ) throws(RESTError) -> JSONObject {
        if wanted.contains(.userCount), !prefix.hasPrefix("presence-") {
            throw .attributeNotApplicable(ChannelAttribute.userCount.rawValue)
        }
        if wanted.contains(.cache) {
            throw .attributeNotApplicable(ChannelAttribute.cache.rawValue)
        }
        var found = JSONObject()
        for name in channels.keys.sorted() where name.hasPrefix(prefix) {
            guard let channel = channels[name]?.name, channel.kind != .serverToUser else {
                continue
            }
            found.add(name, raw: attributes(wanted, of: channel, now: .zero).bytes)
        }
        var answer = JSONObject()
        answer.add("channels", raw: found.bytes)
        return answer
    }

    private func channel(
        _ name: String, attributes wanted: Set<ChannelAttribute>, now: Duration
    ) throws(RESTError) -> JSONObject {
        let channel = try checked(name)
        if wanted.contains(.userCount), channel.kind != .presence {
            throw .attributeNotApplicable(ChannelAttribute.userCount.rawValue)
        }
        if wanted.contains(.cache), !channel.isCache {
            throw .attributeNotApplicable(ChannelAttribute.cache.rawValue)
        }
        var answer = JSONObject()
        answer.add("occupied", fact: channels[name] != nil)
        return attributes(wanted, of: channel, now: now, into: answer)
    }

    private func users(of name: String) throws(RESTError) -> JSONObject {
        guard try checked(name).kind == .presence else { throw .notPresence }
        let users = channels[name]?.members.map { entry in
            var user = JSONObject()
            user.add("id", entry.member.userID)
            return user.bytes
        }
        var answer = JSONObject()
        answer.add("users", raw: JSONObject.array(users ?? []))
        return answer
    }

    private func checked(_ name: String) throws(RESTError) -> ChannelName {
        guard let channel = try? ChannelName(name) else { throw .badChannel(printable(name)) }
        return channel
    }

    /// Writes the attributes that apply to the channel, and leaves the others out.
    private func attributes(
        _ wanted: Set<ChannelAttribute>, of channel: ChannelName, now: Duration,
        into start: JSONObject = JSONObject()
    ) -> JSONObject {
        var answer = start
        let occupied = channels[channel.text]
        if wanted.contains(.userCount), channel.kind == .presence {
            answer.add("user_count", number: occupied?.members.count ?? 0)
        }
        if wanted.contains(.subscriptionCount) {
            answer.add("subscription_count", number: occupied?.connections.count ?? 0)
        }
        if wanted.contains(.cache), channel.isCache {
            if let entry = cache.entry(channel.text, now: now) {
                var cached = JSONObject()
                cached.add("data", raw: entry.data)
                cached.add("ttl", number: Int((entry.until - now).components.seconds))
                answer.add("cache", raw: cached.bytes)
            } else {
                answer.add("cache", nil)
            }
        }
        return answer
    }
}
