// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The leases of streams that are handed over to another process.
///
/// The credentials come along, since the other process must ask the auth route again. It knows when
/// the route was last asked, so that a hand-over does not extend an authorization.
extension Authenticator {
    /// A lease of another process.
    struct HandedOverLease {
        fileprivate var period: TokenPeriod?
        fileprivate var rest: Duration?
        fileprivate var fields: HTTPFields = [:]
        fileprivate var client: PeerAddress?
        fileprivate var channels: [HandedOverChannel] = []
        fileprivate var isLasting = false
    }

    fileprivate struct HandedOverChannel {
        let name: String
        /// How long ago the route authorized it; `nil` if it does not any more.
        let age: Duration?
        let identity: ReaderIdentity?
        let isNamedTwice: Bool
    }

    /// Appends a lease; `nil` is the authorization of a reader whose authorization lasts.
    func append(_ id: AuthRouteCache.LeaseID?, to writer: inout HandoverWriter) {
        guard let lease = id.flatMap({ leases[$0] }) else { return writer.flag(true) }
        writer.flag(false)
        writer.flag(lease.period != nil)
        writer.number(lease.period?.start ?? 0)
        writer.number(lease.period?.end ?? 0)
        writer.flag(lease.end != nil)
        writer.number(lease.end.map { max(0, Int64(($0 - loop.now) / .milliseconds(1))) } ?? 0)
        let entry = lease.keys.first.flatMap { cache.entries[$0] }
        let fields = entry?.fields.list ?? []
        writer.number(fields.count)
        for field in fields {
            writer.text(field.name)
            writer.text(field.value)
        }
        writer.run(entry?.client?.encoded)
        writer.number(lease.keys.count)
        for key in lease.keys { append(key, to: &writer) }
    }

    private func append(_ key: AuthRouteCache.Key, to writer: inout HandoverWriter) {
        let entry = cache.entries[key]
        writer.text(key.channel)
        writer.flag(entry?.admittedAt != nil)
        let age = entry?.admittedAt.map { loop.now - $0 } ?? .zero
        writer.number(max(0, Int64(age / .milliseconds(1))))
        writer.text(entry?.identity?.userID)
        writer.run(entry?.identity?.userInfo)
        writer.flag(entry?.identity?.mayPublish ?? false)
        writer.flag(entry?.identity?.canBeMember ?? false)
        writer.flag(entry?.naming == .repeated)
    }

    /// Adds a lease of another process; `nil` if the reader's authorization lasts or has ended.
    func addLease(
        _ handed: HandedOverLease, for reader: any AuthorizedReader
    ) -> AuthRouteCache.LeaseID? {
        guard !handed.isLasting else { return nil }
        var grant = Authorization(
            period: handed.period, end: handed.rest.map { loop.now + $0 })
        if !handed.channels.isEmpty {
            let request = AuthRouteCache.Request(
                channels: handed.channels.map(\.name),
                credentials: Digest.hmacSHA256(key: hashKey, handed.fields.lines),
                fields: handed.fields, client: handed.client, isBrief: false)
            for key in request.keys {
                guard let channel = handed.channels.first(where: { $0.name == key.channel }),
                    let age = channel.age
                else { continue }
                cache.takeOver(
                    key, admittedAt: loop.now - age, as: channel.identity,
                    isNamedTwice: channel.isNamedTwice)
            }
            grant.request = request
        }
        return addLease(for: reader, by: grant)
    }
}

extension Authenticator.HandedOverLease {
    init(_ reader: inout HandoverReader) throws(HandoverError) {
        isLasting = try reader.flag()
        guard !isLasting else { return }
        let hasPeriod = try reader.flag()
        let start = Int64(truncatingIfNeeded: try reader.number())
        let end = Int64(truncatingIfNeeded: try reader.number())
        if hasPeriod { period = TokenPeriod(start: start, end: end) }
        let hasEnd = try reader.flag()
        let rest = Int64(min(try reader.number(), 1 << 40))
        if hasEnd { self.rest = .milliseconds(rest) }
        for _ in 0..<(try reader.number()) {
            let name = try reader.requiredText()
            fields.add(name, try reader.requiredText())
        }
        client = try reader.run().flatMap { PeerAddress(encoded: $0) }
        for _ in 0..<(try reader.number()) { channels.append(try .init(&reader)) }
    }
}

extension Authenticator.HandedOverChannel {
    init(_ reader: inout HandoverReader) throws(HandoverError) {
        name = try reader.requiredText()
        let isAdmitted = try reader.flag()
        let milliseconds = Int64(min(try reader.number(), 1 << 40))
        age = isAdmitted ? .milliseconds(milliseconds) : nil
        let userID = try reader.text()
        let userInfo = try reader.run()
        let mayPublish = try reader.flag()
        let canBeMember = try reader.flag()
        identity = userID.map { userID in
            let member = try? ReaderIdentity(
                userID: userID, userInfo: userInfo, mayPublish: mayPublish, reserved: "")
            return canBeMember ? member ?? .unfit(userID) : .unfit(userID)
        }
        isNamedTwice = try reader.flag()
    }
}

extension AuthRouteCache {
    /// Records an authorization that another process has from the route.
    mutating func takeOver(
        _ key: Key, admittedAt: Duration, as identity: ReaderIdentity?, isNamedTwice: Bool
    ) {
        guard entries[key] == nil else { return }
        var entry = Entry()
        entry.admittedAt = admittedAt
        entry.identity = identity
        entry.naming = identity == nil ? .none : isNamedTwice ? .repeated : .once
        entries[key] = entry
    }
}
