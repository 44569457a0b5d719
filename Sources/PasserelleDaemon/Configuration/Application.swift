// SPDX-License-Identifier: MIT

/// The application's own server credentials at Channels.
package struct Application: Sendable, Equatable {
    /// The application's number, in REST paths.
    package var id = ""
    /// The public key.
    package var key = ""
    /// What signs subscriptions and requests.
    package var secret = Secret("")

    /// Credentials that are not said yet.
    package init() {}
}
