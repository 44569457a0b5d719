// SPDX-License-Identifier: MIT

/// A subscriber to channels in Downstream, with a cursor instead of a buffer.
///
/// The hub holds a reader from `attach` to `detach` and calls it only in `Hub.deliverUpdates`.
package protocol Reader: AnyObject {
    /// The reader's progress; the hub moves it.
    var cursor: Cursor { get set }

    /// Called just before `updatesAvailable`; the reader can prefetch memory that it will need.
    func prefetch()

    /// Called when one of the reader's channels has new entries.
    ///
    /// A reader must not attach or detach any reader inside this call.
    func updatesAvailable(on channel: Channel)
}

extension Reader {
    package func prefetch() {}
}
