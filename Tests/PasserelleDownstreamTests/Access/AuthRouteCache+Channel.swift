// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleWire

/// Requests for one channel, which most tests of the cache make.
extension AuthRouteCache {
    /// Requests a key's channel.
    mutating func asked(
        _ key: Key, showing fields: HTTPFields, by id: RequestID,
        from client: PeerAddress? = nil, isBrief: Bool = false, at now: Duration
    ) -> [Action] {
        requested(
            id, Request(key, showing: fields, from: client, isBrief: isBrief), at: now)
    }

    /// Adds a lease on a key.
    mutating func addLease(
        _ lease: LeaseID, on key: Key, showing fields: HTTPFields,
        from client: PeerAddress? = nil, at now: Duration
    ) -> [Action] {
        addLease(lease, of: Request(key, showing: fields, from: client, isBrief: false), at: now)
    }
}

extension AuthRouteCache.Request {
    fileprivate init(
        _ key: AuthRouteCache.Key, showing fields: HTTPFields, from client: PeerAddress?,
        isBrief: Bool
    ) {
        self.init(
            channels: [key.channel], credentials: key.credentials, fields: fields, client: client,
            isBrief: isBrief)
    }
}

extension AuthRouteCache.Verdict {
    /// Authorized as the only user that the route names, or without one.
    static func admitted(_ identity: ReaderIdentity?) -> Self {
        .admitted(identity, users: identity.map { [$0.userID] } ?? [])
    }
}
