// SPDX-License-Identifier: MIT

/// Limits on the memory that one HTTP message can use; each is checked before bytes are kept.
package struct HTTPLimits: Equatable, Sendable {
    /// The maximum size of a start line and its fields together in bytes, line ends included.
    package var headBytes: Int
    /// The maximum number of fields in a head, and in a trailer section.
    package var fieldCount: Int
    /// The maximum size of a decoded body in bytes; `Int.max` for a stream.
    package var bodyBytes: Int
    /// The maximum size of a chunked body's trailer section in bytes, line ends included.
    package var trailerBytes: Int

    /// Creates limits; the defaults are the gateway's own.
    package init(
        headBytes: Int = 16_384, fieldCount: Int = 100, bodyBytes: Int = 10_240,
        trailerBytes: Int = 4_096
    ) {
        self.headBytes = headBytes
        self.fieldCount = fieldCount
        self.bodyBytes = bodyBytes
        self.trailerBytes = trailerBytes
    }
}
