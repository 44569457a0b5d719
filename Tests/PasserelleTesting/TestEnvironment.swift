// SPDX-License-Identifier: MIT

import Glibc

/// The environment of this process.
package enum TestEnvironment {
    /// All variables, in their order.
    package static var all: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { found.append((String(parts[0]), String(parts[1]))) }
            next += 1
        }
        return found
    }

    /// Returns the value of a variable, or `nil` if it is unset.
    package static func value(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
