// SPDX-License-Identifier: MIT

/// Bounds what one HTTP message may make us hold; each is checked before the bytes are kept.
package struct HTTPLimits: Equatable, Sendable {
    /// The most bytes of a start line and its fields together, line ends included.
    package var headBytes: Int
    /// The most fields of a head, and of a trailer section.
    package var fieldCount: Int
    /// The most bytes of a body after its transfer coding is undone; `Int.max` for a stream.
    package var bodyBytes: Int
    /// The most bytes of the trailer section of a chunked body, line ends included.
    package var trailerBytes: Int

    /// Gives the gateway's own limits where nothing else is said.
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
