// SPDX-License-Identifier: MIT

import PasserelleHub

/// A reader at the simulated gateway that records the entries it receives.
final class PresenceListener: Reader {
    var cursor = Cursor()
    let userID: String
    let channel: String
    /// The number of deliveries of each client event.
    private(set) var received: [Int: Int] = [:]
    /// The client events of other users that were accepted while this reader was attached.
    var due: [Int] = []
    private(set) var members: Set<String>?
    /// The number of member changes received.
    private(set) var changes = 0
    private(set) var faults: [String] = []
    var now = Duration.zero
    private let hub: Hub

    init(_ hub: Hub, _ userID: String, _ channel: String) {
        (self.hub, self.userID, self.channel) = (hub, userID, channel)
    }

    func updatesAvailable(on channel: Channel) { read() }

    func read() {
        while let entry = hub.next(&cursor, at: now) {
            switch entry {
            case .snapshot(let channel): members = Set(channel.members.list.map(\.userID))
            case .event(let event): take(event.content)
            case .gap, .refusal: break
            }
        }
    }

    private func take(_ content: Event.Content) {
        switch content {
        case .message(_, let data, _):
            received[Int(String(decoding: data, as: UTF8.self)) ?? -1, default: 0] += 1
        case .memberAdded(let member):
            changes += 1
            if members?.insert(member.userID).inserted == false {
                faults.append("+\(member.userID) twice")
            }
        case .memberRemoved(let userID):
            changes += 1
            if members?.remove(userID) == nil { faults.append("-\(userID) twice") }
        case .refused, .gap, .tombstone: break
        }
    }
}
