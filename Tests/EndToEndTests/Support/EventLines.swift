// SPDX-License-Identifier: MIT

/// The lines of an event stream in its chunked coding, at little cost for many readers.
///
/// Each chunk size is a line of its own and no chunk ends inside a line. The coding therefore need
/// not be removed: a search for field names skips the sizes.
struct EventLines {
    private var line: [UInt8] = []

    /// Calls `delivered` with each line completed by these bytes.
    mutating func append(_ bytes: Span<UInt8>, delivered: ([UInt8]) -> Void) {
        for index in bytes.indices {
            guard bytes[index] == UInt8(ascii: "\n") else {
                line.append(bytes[index])
                continue
            }
            delivered(line)
            line.removeAll(keepingCapacity: true)
        }
    }
}
