// SPDX-License-Identifier: MIT

/// How readers show who they are.
package enum Access: Sendable, Equatable {
    /// They do not (`none`); only loopback and Unix listeners may serve them.
    case unchecked
}
