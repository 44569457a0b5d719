// SPDX-License-Identifier: MIT

/// Who is a member of the presence channels on behalf of readers.
package enum PresenceMode: Sendable, Equatable {
    /// Only the gateway itself.
    case observe
}
