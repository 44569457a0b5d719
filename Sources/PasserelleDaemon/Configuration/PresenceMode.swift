// SPDX-License-Identifier: MIT

/// Who is a member of the presence channels on behalf of readers.
package enum PresenceMode: Sendable, Equatable {
    /// Every known reader, and the gateway itself.
    case delegate
    /// Only the gateway itself.
    case observe
}
