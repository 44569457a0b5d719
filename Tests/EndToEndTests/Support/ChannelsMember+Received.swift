// SPDX-License-Identifier: MIT
import PasserelleWire

extension ChannelsMember {
    /// The members as a Channels client computes them, without the gateway.
    var members: Set<String> {
        var members: Set<String> = []
        for message in messages {
            switch message {
            case .subscriptionSucceeded(_, let list):
                members = Set((list ?? []).map(\.userID))
            case .memberAdded(_, let member): members.insert(member.userID)
            case .memberRemoved(_, let userID): members.remove(userID)
            default: break
            }
        }
        return members.subtracting(["passerelle"])
    }

    /// The typing events, each with the user id stamped by Channels.
    var typing: [String] {
        messages.compactMap { message in
            guard case .event(_, "client-typing", let data, let userID) = message else {
                return nil
            }
            return "\(userID ?? "-") \(String(decoding: data, as: UTF8.self))"
        }
    }

    /// True if an event of that name was received.
    func hasReceived(_ name: String) -> Bool {
        messages.contains { message in
            if case .event(_, name, _, _) = message { true } else { false }
        }
    }
}
