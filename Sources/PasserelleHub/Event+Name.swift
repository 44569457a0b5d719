// SPDX-License-Identifier: MIT

extension Event.Content {
    /// The event's name on every surface.
    package var name: String {
        switch self {
        case .message(let name, _, _): name
        case .memberAdded: "pusher:member_added"
        case .memberRemoved: "pusher:member_removed"
        case .refused: "pusher:subscription_error"
        case .gap: "passerelle:gap"
        case .tombstone: ""
        }
    }
}
