// SPDX-License-Identifier: MIT

/// Cuts bytes into lines at LF, and goes on after a line that is too long.
package struct LineSplitter: Sendable {
    /// The most bytes a line has, its LF not counted.
    package static let maximumLength = 65_536

    /// Makes a splitter.
    package init(limit: Int = LineSplitter.maximumLength) {}

    /// Takes the next bytes.
    package mutating func append(_ bytes: Span<UInt8>) {}

    /// The next whole line without its line end (LF or CR LF), or nil when more bytes are needed.
    package mutating func next() throws(LineError) -> [UInt8]? { nil }
}
