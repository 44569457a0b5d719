// SPDX-License-Identifier: MIT

/// One user who is present on a channel, as Channels describes them.
package struct Member: Equatable, Sendable {
    package let userID: String
    /// The application's own JSON for this user, on one line; `nil` where Channels gave none.
    package let userInfo: [UInt8]?

    package init(userID: String, userInfo: [UInt8]?) {
        self.userID = userID
        self.userInfo = userInfo
    }
}

/// Who is present on one channel, in the order in which they came.
package struct Members: Equatable, Sendable {
    private var order: [String] = []
    private var byID: [String: Member] = [:]

    package init() {}

    /// Takes a list as Channels gives it; of two entries with one id the later counts.
    package init(_ members: [Member]) {
        for member in members { insert(member) }
    }

    package var count: Int { order.count }
    package var list: [Member] { order.compactMap { byID[$0] } }
    /// Those who came first, so many at the most.
    package func first(_ count: Int) -> [Member] { order.prefix(count).compactMap { byID[$0] } }
    package subscript(userID: String) -> Member? { byID[userID] }

    /// Adds a member or renews their description; answers whether they were absent before.
    @discardableResult
    package mutating func insert(_ member: Member) -> Bool {
        let isNew = byID.updateValue(member, forKey: member.userID) == nil
        if isNew { order.append(member.userID) }
        return isNew
    }

    /// Takes a member out; answers whether they were present.
    @discardableResult
    package mutating func remove(_ userID: String) -> Bool {
        guard byID.removeValue(forKey: userID) != nil else { return false }
        order.removeAll { $0 == userID }
        return true
    }

    /// What must be told to somebody who knows `self` so that they know `newer`.
    package func differences(to newer: Members) -> (removed: [String], added: [Member]) {
        let removed = order.filter { newer.byID[$0] == nil }
        let added = newer.list.filter { byID[$0.userID] == nil }
        return (removed, added)
    }
}
