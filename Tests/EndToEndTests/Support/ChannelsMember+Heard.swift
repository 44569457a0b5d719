// SPDX-License-Identifier: MIT
import PasserelleWire

extension ChannelsMember {
    /// Who is there, as a Channels client counts it, the gateway apart.
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

    /// What was typed, with whom Channels says that it was.
    var typing: [String] {
        messages.compactMap { message in
            guard case .event(_, "client-typing", let data, let userID) = message else {
                return nil
            }
            return "\(userID ?? "-") \(String(decoding: data, as: UTF8.self))"
        }
    }

    /// Whether an event of that name reached it.
    func hasHeard(_ name: String) -> Bool {
        messages.contains { message in
            if case .event(_, name, _, _) = message { true } else { false }
        }
    }
}
