// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// A failed system call: its name and `errno`.
package struct SystemError: Error, Equatable, Sendable {
    /// The call's name as in its manual page, such as `connect`.
    package let call: String
    /// The `errno` value.
    package let code: Int32

    /// Creates an error from a call's name and its `errno`.
    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// Returns the `errno` that the last call on this thread left, with the call's name.
    static func last(_ call: String) -> SystemError {
        let code = errno
        return SystemError(call: call, code: code)
    }
}

extension SystemError: CustomStringConvertible {
    /// The call and the system's message: `connect: Connection refused`.
    package var description: String { "\(call): \(String(cString: strerror(code)))" }
}
