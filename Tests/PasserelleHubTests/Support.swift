// SPDX-License-Identifier: MIT

import PasserelleHub

/// Returns the moment this many seconds after the tests' start, on both clocks.
func moment(_ seconds: Int) -> Moment {
    Moment(
        steady: .seconds(seconds), wall: WallTime(milliseconds: Int64(seconds) * 1000))
}

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

/// A hub with shorthands for a few calls.
struct HubFixture {
    let hub: Hub
    var now = moment(0)

    init(_ change: (inout HubConfiguration) -> Void = { _ in }) {
        var configuration = HubConfiguration()
        change(&configuration)
        hub = Hub(epoch: 7, configuration: configuration, at: moment(0))
    }

    func attach(
        _ channels: String..., from start: Start = .now, wantsSnapshot: Bool = true
    ) -> Listener {
        let listener = Listener(hub)
        hub.attach(listener, to: channels, from: start, wantsSnapshot: wantsSnapshot, at: now)
        listener.read()
        return listener
    }

    func subscribe(_ channel: String, _ users: String...) {
        hub.subscribed(
            channel, members: users.map { Member(userID: $0, userInfo: nil) }, at: now)
        hub.deliverUpdates()
    }

    func publish(_ channel: String, _ name: String, bytes: Int = 2) {
        hub.received(
            channel, event: name, data: [UInt8](repeating: 0x20, count: bytes), userID: nil, at: now
        )
        hub.deliverUpdates()
    }

    func join(_ channel: String, _ user: String) {
        hub.memberAdded(channel, Member(userID: user, userInfo: nil), at: now)
        hub.deliverUpdates()
    }

    func leave(_ channel: String, _ user: String) {
        hub.memberRemoved(channel, userID: user, at: now)
        hub.deliverUpdates()
    }
}
