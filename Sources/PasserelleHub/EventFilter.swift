// SPDX-License-Identifier: MIT

/// The names of the events that a reader asked for; others are not delivered to it.
///
/// It is an object, so that readers that asked for the same names can share it.
package final class EventFilter: Sendable {
    /// The names as on every surface; the readers of Downstream pass at most `EventNames.limit`.
    package let names: [String]

    package init(_ names: [String]) {
        self.names = names
    }

    /// Returns whether the filter has these names, in this order.
    package func isFilter(for names: [String]) -> Bool {
        names.count == self.names.count
            && zip(names, self.names).allSatisfy { $0.hasSameBytes(as: $1) }
    }

    /// Returns whether an entry is delivered; gaps and refused subscriptions always are.
    package func passes(_ content: Event.Content) -> Bool {
        switch content {
        case .gap, .refused: true
        case .message, .memberAdded, .memberRemoved, .tombstone:
            names.contains { $0.hasSameBytes(as: content.name) }
        }
    }
}
