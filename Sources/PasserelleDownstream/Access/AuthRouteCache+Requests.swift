// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// Requests for channels, and their decisions.
extension AuthRouteCache {
    /// The number of a request, from `nextID`.
    package typealias RequestID = UInt64

    /// A request for channels.
    package struct Request {
        /// All requested channels.
        package let channels: [String]
        /// The keys of the channels that need an authorization.
        package let keys: [Key]
        /// The request fields that are forwarded to the route.
        package let fields: HTTPFields
        /// The address that its calls count for; `nil` for this host's own.
        package let client: PeerAddress?
        /// True if the request ends with its answer, such as a poll; an identity that is valid for
        /// one call only is of no use to it.
        package let isBrief: Bool

        /// Creates a request; public channels need no authorization, as at Channels.
        package init(
            channels: [String], credentials: @autoclosure () -> [UInt8], fields: HTTPFields,
            client: PeerAddress?, isBrief: Bool
        ) {
            let closed = channels.filter { (try? ChannelName($0))?.kind != .public }
            let credentials = closed.isEmpty ? [] : credentials()
            self.channels = channels
            keys = closed.map { Key(credentials: credentials, channel: $0) }
            self.fields = fields
            self.client = client
            self.isBrief = isBrief
        }
    }

    /// A request without a decision.
    struct PendingRequest {
        let request: Request
        /// The number of channels with a check that is finished or waits.
        var checked = 0
        /// The number of channels without a verdict.
        var missing: Int
        /// The calls that authorized each channel while the request waited.
        var calls: [String: CallID] = [:]
        private(set) var identity: ReaderIdentity?
        /// The ids of all users named by the route.
        private(set) var users: [String] = []
        /// True if two answers have named different users.
        private var isNamedDifferently = false

        init(_ request: Request) {
            self.request = request
            missing = request.keys.count
        }

        /// The next channel to check: the first one, and the others once it is authorized.
        var nextKey: Key? {
            let keys = request.keys
            return checked < keys.count && (checked == 0 || missing < keys.count)
                ? keys[checked] : nil
        }

        /// Adds the users named for one channel; returns true if they now differ.
        ///
        /// If the route names different users for the channels, the reader has none, since it could
        /// otherwise appear in a channel as a user of another one.
        mutating func add(_ identity: ReaderIdentity?, users named: [String]) -> Bool {
            for userID in named where !users.contains(where: { $0.hasSameBytes(as: userID) }) {
                users.append(userID)
            }
            guard let identity, identity.canBeMember, !isNamedDifferently else { return false }
            let known = self.identity ?? identity
            isNamedDifferently = !known.userID.hasSameBytes(as: identity.userID)
            self.identity = isNamedDifferently ? nil : known
            return isNamedDifferently
        }
    }

    /// A verdict about one channel that a request waited for.
    struct ChannelVerdict {
        let id: RequestID
        let key: Key
        let verdict: Verdict
        /// The call that authorized the channel, if it ends only now.
        var call: CallID?
    }

    /// Decides about a request; a returned action or a later one is its decision.
    package mutating func requested(
        _ id: RequestID, _ request: Request, at now: Duration
    ) -> [Action] {
        let actions = advance(id, PendingRequest(request), at: now)
        return actions + deliver(at: now)
    }

    /// Withdraws a request without a decision.
    package mutating func cancel(_ id: RequestID) {
        guard let pending = requests.removeValue(forKey: id) else { return }
        withdraw(id, pending)
    }

    private mutating func withdraw(_ id: RequestID, _ pending: PendingRequest) {
        for key in pending.request.keys.prefix(pending.checked) { _ = remove(id, from: key) }
    }

    /// Delivers the verdicts about single channels; returns the resulting decisions and calls.
    mutating func deliver(at now: Duration) -> [Action] {
        var actions: [Action] = []
        while let item = verdicts.popFirst() {
            guard var pending = requests.removeValue(forKey: item.id),
                apply(item, to: &pending, &actions)
            else { continue }
            actions += advance(item.id, pending, at: now)
        }
        return actions
    }

    /// Checks a request's next channels, and decides it once it has all verdicts.
    private mutating func advance(
        _ id: RequestID, _ pending: PendingRequest, at now: Duration
    ) -> [Action] {
        var (pending, actions) = (pending, [Action]())
        while let key = pending.nextKey {
            pending.checked += 1
            guard let verdict = check(key, for: id, pending.request, &actions, at: now) else {
                continue
            }
            let item = ChannelVerdict(id: id, key: key, verdict: verdict)
            guard apply(item, to: &pending, &actions) else { return actions }
        }
        if pending.missing == 0 { return actions + [.reply(id, decision(about: pending, id))] }
        requests[id] = pending
        return actions
    }

    /// Applies a verdict about one channel to its request; returns false if it refuses the request.
    private mutating func apply(
        _ item: ChannelVerdict, to pending: inout PendingRequest, _ actions: inout [Action]
    ) -> Bool {
        guard case .admitted(let identity, let users) = item.verdict else {
            withdraw(item.id, pending)
            actions.append(.reply(item.id, item.verdict))
            return false
        }
        pending.missing -= 1
        if let call = item.call { pending.calls[item.key.channel] = call }
        if pending.add(identity, users: users) { actions.append(.reportDifferentUsers) }
        return true
    }

    /// Returns the decision about a request with all channels authorized.
    ///
    /// The route may have been asked before the user was revoked. Only later answers count.
    private func decision(about pending: PendingRequest, _ id: RequestID) -> Verdict {
        let isRevoked = pending.request.channels.contains { channel in
            pending.users.contains {
                revocations.isRevoked($0, on: [channel], after: pending.calls[channel] ?? id)
            }
        }
        return isRevoked ? .revoked : .admitted(pending.identity, users: pending.users)
    }
}
