// SPDX-License-Identifier: MIT

/// The rule for a connection's socket id.
package enum SocketID {
    /// Whether a text is two runs of digits with a dot between them.
    package static func isValid(_ text: String) -> Bool { false }
}
