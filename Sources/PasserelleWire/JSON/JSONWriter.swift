// SPDX-License-Identifier: MIT

/// Appends JSON to bytes.
package enum JSONWriter {
    /// Appends a string with its quotes; escapes `"`, `\` and control characters, nothing else.
    package static func string(_ text: String, into out: inout [UInt8]) {}

    /// Appends a string given as valid UTF-8 bytes, escaped as `string(_:into:)` does.
    package static func string(bytes: Span<UInt8>, into out: inout [UInt8]) {}

    /// Appends a checked value byte for byte, but each raw CR or LF between its tokens as a space.
    package static func oneLine(
        _ bytes: Span<UInt8>, _ slice: JSONSlice, into out: inout [UInt8]
    ) {}
}
