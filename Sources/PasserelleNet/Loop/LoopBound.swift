// SPDX-License-Identifier: MIT

/// A weak reference that another thread carries and only the loop's thread reads.
///
/// `@unchecked Sendable` is sound because `value` is read only in a closure that is posted to the
/// loop's mailbox, so on the thread that owns the object.
struct LoopBound<Value: AnyObject>: @unchecked Sendable {
    private(set) weak var value: Value?

    init(_ value: Value) { self.value = value }
}
