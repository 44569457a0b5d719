// SPDX-License-Identifier: MIT

/// What waits for its turn, in the order in which it came: taking the next costs the same however
/// many wait behind it.
struct NoticeQueue<Item> {
    private var items: [Item] = []
    /// The place of the next one in `items`; those before it were taken.
    private var head = 0

    /// Whether nothing waits.
    var isEmpty: Bool { head == items.count }

    mutating func append(_ item: Item) { items.append(item) }

    /// Takes the one that waited for longest.
    mutating func popFirst() -> Item? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        // What was taken goes once it is the larger half: each item is moved once at the most.
        if head == items.count || head > 64 + items.count / 2 {
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}
