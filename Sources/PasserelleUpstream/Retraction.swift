// SPDX-License-Identifier: MIT

import PasserelleWire

/// A rule by which one event takes an earlier one out of the log: where the values at the two paths
/// are equal, the earlier event goes.
package struct Retraction: Sendable, Equatable {
    /// The event that retracts.
    package var event: String
    /// Where its `data` names what it retracts: member names from the outside in.
    package var path: [String]
    /// The event that is retracted.
    package var target: String
    /// Where the target's `data` has its name.
    package var targetPath: [String]

    /// A rule from its parts.
    package init(event: String, path: [String], target: String, targetPath: [String]) {
        self.event = event
        self.path = path
        self.target = target
        self.targetPath = targetPath
    }
}

extension Retraction {
    /// What an event is known by to its log.
    package struct Keys: Equatable, Sendable {
        /// The name by which a later event may retract it.
        package var own: String?
        /// The name of the event that it retracts.
        package var retracts: String?
    }

    /// Finds an event's keys under some rules; `data` is its JSON.
    ///
    /// An event that no rule names costs a comparison a rule; only others are looked into.
    package static func keys(
        event: String, data: [UInt8], rules: [Retraction]
    ) -> Keys {
        var keys = Keys()
        for rule in rules {
            if event == rule.target, keys.own == nil {
                keys.own = rule.key(at: rule.targetPath, in: data)
            }
            if event == rule.event, keys.retracts == nil {
                keys.retracts = rule.key(at: rule.path, in: data)
            }
        }
        return keys
    }

    /// The target's name and the value at a path, which is a string or a number of some length.
    private func key(at path: [String], in data: [UInt8]) -> String? {
        guard let root = try? JSONScanner.document(data.span),
            let value = JSONScanner.value(data.span, of: root, at: path),
            value.kind == .string || value.kind == .number
        else { return nil }
        let text = String(decoding: JSONScanner.source(data, value), as: UTF8.self)
        return text.utf8.count <= Self.keyBytes ? target + " " + text : nil
    }

    /// Bytes of the longest value that an event can be named by; longer ones name nothing.
    package static let keyBytes = 256
}

extension JSONScanner {
    /// A string's text or another value's own bytes.
    fileprivate static func source(_ data: [UInt8], _ value: JSONSlice) -> [UInt8] {
        value.kind == .string ? string(data.span, value) : Array(data[value.range])
    }
}
