// SPDX-License-Identifier: MIT

/// Somebody downstream who is told what is said: a position, not a buffer.
///
/// The hub holds a reader from `attach` to `detach` and calls it only in `Hub.tellNews`.
package protocol Reader: AnyObject {
    /// Where the reader stands; the hub moves it.
    var cursor: Cursor { get set }

    /// The next to be told something is this reader: what it will need can be fetched meanwhile.
    func newsIsNear()

    /// There is something to read on one of the reader's channels.
    ///
    /// A reader may not attach or detach anybody inside this call.
    func newsCame(on channel: Channel)
}

extension Reader {
    package func newsIsNear() {}
}

/// What the gateway wants to have subscribed or no longer does, in the order in which it happened.
package enum Demand: Equatable, Sendable {
    case subscribe(String)
    case unsubscribe(String)
}
