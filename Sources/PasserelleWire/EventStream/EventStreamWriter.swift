// SPDX-License-Identifier: MIT

/// Appends Server-Sent Events (WHATWG HTML §9.2) to bytes.
package enum EventStreamWriter {
    /// Appends one event; a name or id with CR, LF or NUL in it is left out, as is an empty one.
    package static func event(
        id: String?, name: String?, data: [UInt8], into out: inout [UInt8]
    ) {}

    /// Appends a comment line, which readers ignore; line breaks and NUL in it become spaces.
    package static func comment(_ text: String = "", into out: inout [UInt8]) {}

    /// Appends how long a reader waits before it connects again.
    package static func retry(milliseconds: Int, into out: inout [UInt8]) {}
}
