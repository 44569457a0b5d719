// SPDX-License-Identifier: MIT

/// The lines of an event stream in its chunked coding, for readers of which there are many.
///
/// Chunk sizes are lines of their own and no chunk ends in the middle of a line, so that the coding
/// need not be undone: who looks for the names of fields passes over its lines.
struct EventLines {
    private var line: [UInt8] = []

    /// Tells each line that these bytes end.
    mutating func append(_ bytes: Span<UInt8>, told: ([UInt8]) -> Void) {
        for index in bytes.indices {
            guard bytes[index] == UInt8(ascii: "\n") else {
                line.append(bytes[index])
                continue
            }
            told(line)
            line.removeAll(keepingCapacity: true)
        }
    }
}
