// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// A rule by which one event retracts an earlier one: if the values at the two paths are equal, the
/// earlier event is removed from the log.
package struct RetractionRule: Sendable, Equatable {
    /// The name of the retracting event.
    package var event: String
    /// The path in the retracting event's `data`: member names from the outermost in.
    package var path: [String]
    /// The name of the retracted event.
    package var target: String
    /// The path in the retracted event's `data`.
    package var targetPath: [String]

    /// Creates a rule.
    package init(event: String, path: [String], target: String, targetPath: [String]) {
        self.event = event
        self.path = path
        self.target = target
        self.targetPath = targetPath
    }
}

extension RetractionRule {
    /// The keys by which the log identifies an event for retraction.
    package struct Keys: Equatable, Sendable {
        /// The key by which a later event can retract this event.
        package var own: String?
        /// The key of the event that this event retracts.
        package var retracts: String?
    }

    /// Returns an event's keys under the given rules; `data` is its JSON.
    ///
    /// An event that no rule names costs one comparison per rule; its data is not parsed.
    package static func keys(
        event: String, data: [UInt8], rules: [RetractionRule]
    ) -> Keys {
        var keys = Keys()
        for rule in rules {
            if event.hasSameBytes(as: rule.target), keys.own == nil {
                keys.own = rule.key(at: rule.targetPath, in: data)
            }
            if event.hasSameBytes(as: rule.event), keys.retracts == nil {
                keys.retracts = rule.key(at: rule.path, in: data)
            }
        }
        return keys
    }

    /// Returns the target's name and the value at a path, a string or number of limited length.
    private func key(at path: [String], in data: [UInt8]) -> String? {
        guard let text = JSONScanner.identifier(data.span, at: path) else { return nil }
        return text.utf8.count <= Self.keyBytes ? target + " " + text : nil
    }

    /// The longest value that can serve as a key, in bytes; longer values are ignored.
    package static let keyBytes = 256
}
