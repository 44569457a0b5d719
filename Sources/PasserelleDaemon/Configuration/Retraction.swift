// SPDX-License-Identifier: MIT

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
