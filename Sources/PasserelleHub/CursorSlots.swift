// SPDX-License-Identifier: MIT

/// The slots of one cursor, in the order in which its channels were named.
///
/// The first slot is stored inline: nearly every reader has one channel, and there can be many
/// thousands of readers.
struct CursorSlots: RandomAccessCollection, MutableCollection {
    private var first: Cursor.Slot?
    private var others: [Cursor.Slot] = []

    /// Creates an empty collection.
    init() {}

    /// Creates a collection from slots, in their order.
    init(_ slots: some Sequence<Cursor.Slot>) {
        for slot in slots {
            if first == nil { first = slot } else { others.append(slot) }
        }
    }

    var startIndex: Int { 0 }
    var endIndex: Int { first == nil ? 0 : others.count + 1 }

    subscript(index: Int) -> Cursor.Slot {
        get {
            guard index == 0, let first else { return others[index - 1] }
            return first
        }
        _modify {
            if index == 0, var slot = first.take() {
                defer { first = slot }
                yield &slot
            } else {
                yield &others[index - 1]
            }
        }
    }
}
