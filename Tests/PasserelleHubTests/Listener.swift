// SPDX-License-Identifier: MIT

import PasserelleHub

/// A reader that records its deliveries in a short form that tests compare.
final class Listener: Reader {
    var cursor = Cursor()
    private let hub: Hub
    /// `snapshot(c: a b)`, `gap(c: reason)`, `c: name`, `c: +user`, `c: -user`, `refused(c: 403)`.
    private(set) var received: [String] = []
    /// The positions of the deliveries, in the same order.
    private(set) var positions: [UInt64] = []
    /// True while the reader does not read, like a slow socket.
    var isStalled = false
    /// The steady time at which the reader reads.
    var now = Duration.zero

    init(_ hub: Hub) { self.hub = hub }

    func updatesAvailable(on channel: Channel) {
        if !isStalled { read() }
    }

    func read() {
        while let entry = hub.next(&cursor, at: now) {
            received.append(Self.short(entry))
            positions.append(cursor.sequence)
        }
    }

    /// Returns the deliveries since the last call.
    func take() -> [String] {
        defer { received = [] }
        return received
    }

    private static func short(_ entry: Entry) -> String {
        switch entry {
        case .snapshot(let channel):
            let users = channel.members.list.map(\.userID).joined(separator: " ")
            return "snapshot(\(channel.name): \(users))"
        case .refusal(let channel, let status, _): return "refused(\(channel.name): \(status))"
        case .gap(let channel, let gap): return "gap(\(channel.name): \(gap.reason.rawValue))"
        case .event(let event):
            switch event.content {
            case .message(let name, _, _): return "\(event.channel): \(name)"
            case .memberAdded(let member): return "\(event.channel): +\(member.userID)"
            case .memberRemoved(let userID): return "\(event.channel): -\(userID)"
            case .refused(let status, _): return "\(event.channel): refused \(status)"
            case .gap(let gap): return "\(event.channel): gap \(gap.reason.rawValue)"
            case .tombstone: return "tombstone"
            }
        }
    }
}
