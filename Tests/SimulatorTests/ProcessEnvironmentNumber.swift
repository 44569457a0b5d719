// SPDX-License-Identifier: MIT

import Glibc

/// A number that the environment may give.
enum ProcessEnvironmentNumber {
    /// The variable's value, or `nil` where it is unset or no number.
    static func named(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
    }
}
