// SPDX-License-Identifier: MIT

/// The rule for a connection's socket id.
package enum SocketID {
    /// Whether a text is two runs of digits with a dot between them.
    package static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
    }
}
