// SPDX-License-Identifier: MIT

/// The names under which an operator finds a setting, for messages that say what to change.
///
/// The configuration replaces them by the names of its variables.
package struct SettingNames: Equatable, Sendable {
    /// The channels that readers may request.
    package var channels = "channels"
    /// The client events that readers may send.
    package var clientEvents = "client events"
    /// The host names that the gateway serves.
    package var hosts = "hosts"
    /// The origins whose pages may use the gateway.
    package var origins = "origins"
    /// The users of the Unix socket and their rights.
    package var lineUsers = "socket users"
    /// The limit on remembered revocations.
    package var revocations = "revocations"
    /// The directory that keeps revocations over a restart.
    package var stateDirectory = "state directory"
    /// The value that a token's `aud` must contain.
    package var tokenAudience = "token audience"
    /// Whether a token is accepted in the query.
    package var tokenQuery = "token query"

    /// Creates names that do not depend on a configuration.
    package init() {}
}
