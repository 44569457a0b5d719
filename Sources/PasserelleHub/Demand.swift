// SPDX-License-Identifier: MIT

/// A change to the wanted subscriptions, in the order in which they happened.
package enum Demand: Equatable, Sendable {
    case subscribe(String)
    case unsubscribe(String)
}
