// SPDX-License-Identifier: MIT

/// How readers show who they are.
package enum Access: Sendable, Equatable {
    /// They do not (`none`); only loopback and Unix listeners may serve them.
    case unchecked
    /// By the application's auth route (`endpoint`), by a token (`token`), or by either.
    case checked(byEndpoint: Bool, byToken: Bool)
}
