// SPDX-License-Identifier: MIT

import PasserelleHub

/// A moment so many seconds after the tests' beginning, on both clocks.
func moment(_ seconds: Int) -> Moment {
    Moment(
        steady: .seconds(seconds), wall: WallTime(milliseconds: Int64(seconds) * 1000))
}

/// A reader that writes down what it was told, in a short form that tests compare.
final class Listener: Reader {
    var cursor = Cursor()
    private let hub: Hub
    /// `snapshot(c: a b)`, `gap(c: reason)`, `c: name`, `c: +user`, `c: -user`, `refused(c: 403)`.
    private(set) var heard: [String] = []
    /// The positions of what was heard, in the same order.
    private(set) var positions: [UInt64] = []
    /// True while it does not read, as a slow socket does.
    var isStalled = false
    /// What the steady clock says when it reads.
    var now = Duration.zero

    init(_ hub: Hub) { self.hub = hub }

    func newsCame(on channel: Channel) {
        if !isStalled { read() }
    }

    func read() {
        while let entry = hub.next(&cursor, at: now) {
            heard.append(Self.short(entry))
            positions.append(cursor.sequence)
        }
    }

    /// What was heard since this was last asked.
    func take() -> [String] {
        defer { heard = [] }
        return heard
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

/// A hub in which a few things are short to say.
struct Scene {
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
        hub.tellNews()
    }

    func say(_ channel: String, _ name: String, bytes: Int = 2) {
        hub.heard(
            channel, event: name, data: [UInt8](repeating: 0x20, count: bytes), userID: nil, at: now
        )
        hub.tellNews()
    }

    func join(_ channel: String, _ user: String) {
        hub.memberAdded(channel, Member(userID: user, userInfo: nil), at: now)
        hub.tellNews()
    }

    func leave(_ channel: String, _ user: String) {
        hub.memberRemoved(channel, userID: user, at: now)
        hub.tellNews()
    }
}
