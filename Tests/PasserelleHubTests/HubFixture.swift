// SPDX-License-Identifier: MIT

import PasserelleHub

/// Returns the moment this many seconds after the tests' start, on both clocks.
func moment(_ seconds: Int) -> Moment {
    Moment(
        steady: .seconds(seconds), wall: WallTime(milliseconds: Int64(seconds) * 1000))
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
