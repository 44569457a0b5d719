// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleHub
import PasserelleWire

/// Requests for channels, and the limits on held channels.
extension DownstreamContext {
    /// Makes room for channels that are not held yet, or refuses them.
    ///
    /// Evicts channels without readers: the client's own if its share is used up, then public ones,
    /// then others. Evicts a sixteenth more than needed, so that not every request has to search. A
    /// refused request evicts no channel.
    func makeRoom(for names: [String], by requester: Requester) throws(Refusal) {
        let new = names.filter { hub.channel($0) == nil }
        if let chargedClient = requester.chargedClient {
            let cost = RequestCost.of(channels: names.count, new: new.count)
            quotas.charge(cost, to: chargedClient.client, through: chargedClient.peer)
        }
        guard !new.isEmpty else { return }
        defer { forgetDropped() }
        forgetDropped()
        let shortages = try shortages(for: new, by: requester)
        for shortage in shortages { try checkRoom(for: shortage, sparing: names) }
        for scope in shortages.map(\.scope) {
            // Room that was made for an earlier scope also counts for this one.
            guard
                let shortage = try self.shortages(for: new, by: requester)
                    .first(where: { $0.scope == scope })
            else { continue }
            hub.evictChannels(
                max(shortage.excess, shortage.limit / 16), among: shortage.names(held),
                onlyPublic: scope == .publicChannels, sparing: names, at: now)
            forgetDropped()
            searches[scope] = nil
        }
    }

    /// Returns the limits that new channels exceed: the client's share, public channels, all
    /// channels.
    private func shortages(
        for new: [String], by requester: Requester
    ) throws(Refusal) -> [ChannelShortage] {
        var shortages: [ChannelShortage] = []
        func add(_ scope: ChannelShortage.Scope, _ count: Int, _ limit: Int) throws(Refusal) {
            guard count > limit else { return }
            let shortage = ChannelShortage(scope: scope, excess: count - limit, limit: limit)
            guard shortage.excess <= limit else { throw shortage.refusal }
            shortages.append(shortage)
        }
        let limits = quotas.limits
        if let client = requester.holder {
            try add(.client(client), held.count(of: client) + new.count, limits.clientChannels)
        }
        let newPublic = new.count(where: Channel.isPublic)
        if newPublic > 0 {
            try add(.publicChannels, hub.publicChannelCount + newPublic, limits.publicChannels)
        }
        try add(.allChannels, hub.channels.count + new.count, limits.heldChannels)
        return shortages
    }

    /// Refuses the request if too few channels can be evicted.
    ///
    /// Evicts no channel. A search that finds too few is remembered, so that not every request
    /// searches.
    private func checkRoom(
        for shortage: ChannelShortage, sparing names: [String]
    ) throws(Refusal) {
        let excess = shortage.excess
        if searches[shortage.scope]?.isKnownToFail(
            for: excess, at: loop.now, hub.channelsLeftWithoutReaders) == true
        {
            throw shortage.refusal
        }
        let found = hub.evictableChannels(
            upTo: excess, among: shortage.names(held),
            onlyPublic: shortage.scope == .publicChannels, sparing: names)
        guard found < excess else { return }
        searches.note(
            ChannelSearch(
                time: loop.now, channelsLeftWithoutReaders: hub.channelsLeftWithoutReaders,
                found: found),
            in: shortage.scope)
        throw shortage.refusal
    }

    /// Requests channels.
    ///
    /// Calls `done` immediately if there is nothing to wait for, else later. Must not be called
    /// while the hub delivers its updates. Returns the waiter, which can be cancelled.
    func whenSubscribed(
        _ names: [String], for userIDs: [String] = [], by requester: Requester,
        _ done: @escaping (SubscriptionWaiter.Outcome) -> Void
    ) -> SubscriptionWaiter? {
        do throws(Refusal) {
            try makeRoom(for: names, by: requester)
        } catch {
            done(.hadNoRoom(error))
            return nil
        }
        let channels = ask(for: names, by: requester)
        guard let outcome = SubscriptionWaiter.Outcome(of: channels) else {
            return SubscriptionWaiter(context: self, channels: channels, for: userIDs, done: done)
        }
        done(outcome)
        return nil
    }

    /// Returns the channels with these names and requests their subscription.
    func ask(for names: [String], by requester: Requester) -> [Channel] {
        hold(names, by: requester)
        let now = now
        return names.map { hub.requestChannel(named: $0, at: now) }
    }

    /// Charges newly requested channels to their client, except channels that are already held.
    func hold(_ names: [String], by requester: Requester) {
        guard let holder = requester.holder else { return }
        for name in names where hub.channel(name) == nil { held.add(name, for: holder) }
    }

    /// Stops counting channels that are no longer held.
    func forgetDropped() {
        for name in hub.takeDropped() { held.remove(name) }
    }
}

extension ChannelShortage {
    /// The channels to which a search is restricted; `nil` for all.
    fileprivate func names(_ held: HeldChannels) -> [String]? {
        if case .client(let client) = scope { held.names(of: client) } else { nil }
    }

    fileprivate var refusal: Refusal {
        if case .client = scope { .clientHasNoRoom } else { .noRoomForChannels }
    }
}

extension Refusal {
    /// 503: no further channel can be held until a held one loses its readers.
    fileprivate static var noRoomForChannels: Refusal {
        .unavailable(
            "too-many-channels", "The gateway holds too many channels; retry later.",
            retryAfter: spreadRetry, limit: .heldChannels)
    }

    /// 429: the client's channels have reached the limit per client.
    fileprivate static var clientHasNoRoom: Refusal {
        .excess(
            "too-many-channels", "Too many channels for one client; close a stream first.",
            retryAfter: spreadRetry, limit: .clientChannels)
    }
}

/// The gateway's state as JSON.
extension DownstreamContext {
    /// Returns `{"channel","count","members":[…],"position","upstream"}`: the members of a channel.
    func memberState(of name: String) -> [UInt8] {
        let channel = hub.channel(name)
        var members: [UInt8] = []
        if let channel { EventEncoder.memberList(of: channel, into: &members) }
        let json: JSONObjectWriter = [
            "channel": name, "count": channel?.members.count ?? 0,
            "members": RawJSON(members.isEmpty ? Array("[]".utf8) : members),
            "position": hub.position.text, "upstream": upstream.state.word,
        ]
        return json.finished()
    }
}

extension Channel.Subscription {
    /// The state in one word, for logs and JSON.
    package var word: String {
        switch self {
        case .idle: "idle"
        case .pending: "pending"
        case .live: "live"
        case .away: "away"
        case .refused: "refused"
        }
    }
}

extension DownstreamContext {
    /// Checks that a user may send an event to a channel, and adds the user to its data.
    func sign(
        _ event: ClientEvent, on channel: String, as identity: ReaderIdentity?
    ) throws(Refusal) -> SignedClientEvent {
        guard let identity, identity.mayPublish else {
            throw Refusal(403, "forbidden", "Sending requires an authorized user who may publish.")
        }
        guard configuration.clientEvents.contains(where: event.name.hasSameBytes) else {
            throw Refusal(
                403, "forbidden",
                "Readers may not send that event; see \(configuration.settingNames.clientEvents).")
        }
        let kind = (try? ChannelName(channel))?.kind
        guard kind == .presence || kind == .private else {
            // Readers of an encrypted channel would take the event for ciphertext.
            throw Refusal(
                403, "forbidden",
                "Channels supports client events only on private and presence channels.")
        }
        let data: [UInt8]
        do throws(ClientEventData.Refusal) {
            data = try ClientEventData.signed(event.data, as: identity.userID)
        } catch {
            switch error {
            case .notAnObject: throw .badRequest("bad-body", "data must be a JSON object.")
            case .anotherUser:
                throw Refusal(403, "forbidden", "userId in data is not the sender's.")
            }
        }
        guard data.count <= configuration.publishBytes else {
            throw Refusal(
                413, "too-large",
                "An event's data has at most \(configuration.publishBytes) bytes.")
        }
        return SignedClientEvent(
            name: event.name, data: data, channel: channel, userID: identity.userID)
    }

    /// Sends the event; calls `done` with `nil`, or with a refusal that has a retry delay.
    func send(_ event: SignedClientEvent, done: @escaping (Refusal?) -> Void) {
        services.presence.send(event.name, event.data, event.channel, event.userID) {
            [weak self] outcome in
            if outcome == .sent { self?.tally.clientEvents += 1 }
            done(Refusal(outcome))
        }
    }
}

extension Refusal {
    /// The refusal of a client event that was not sent; `nil` if it was sent.
    fileprivate init?(_ outcome: ClientEventOutcome) {
        switch outcome {
        case .sent: return nil
        case .excess(let delay):
            let seconds = max(1, Int((delay / .seconds(1)).rounded(.up)))
            self = .excess(
                "rate-limited", "Channels accepts ten client events a second; retry later.",
                retryAfter: seconds)
        case .unavailable:
            self = .unavailable(
                "upstream-unavailable", "Channels is unavailable; the event was not sent.",
                retryAfter: 2)
        case .revoked: self = .denied(.revokedByOperator)
        case .notYet:
            self = .unavailable(
                "upstream-unavailable",
                "You are not a member of the channel yet; the event was not sent.", retryAfter: 1)
        }
    }
}
