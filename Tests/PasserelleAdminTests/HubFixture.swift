// SPDX-License-Identifier: MIT

import PasserelleHub

/// A hub with subscribed channels.
struct HubFixture {
    let hub: Hub

    init(_ channels: String...) {
        hub = Hub(epoch: 7, configuration: HubConfiguration(), at: Self.moment)
        for name in channels {
            _ = hub.requestChannel(named: name, at: Self.moment)
            hub.subscribed(name, members: nil, at: Self.moment)
        }
    }

    static let moment = Moment(steady: .seconds(1), wall: WallTime(milliseconds: 1_000))

    func publish(
        _ channel: String, _ event: String, _ data: String = "1", by user: String? = nil,
        key: String? = nil, retracts: String? = nil
    ) {
        hub.received(
            channel, event: event, data: Array(data.utf8), userID: user, key: key,
            retracts: retracts, at: Self.moment)
    }
}
