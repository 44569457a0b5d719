// SPDX-License-Identifier: MIT

/// The bytes of one event in every form that readers need, laid out so that each form is a slice.
package struct EncodedForm: Sendable {
    /// The event-stream frame in one chunk of the chunked coding; empty for a tombstone.
    package private(set) var bytes: [UInt8]
    /// The event-stream frame alone.
    package let frame: Range<Int>
    /// The JSON object inside the frame.
    package let json: Range<Int>

    package init(bytes: [UInt8], frame: Range<Int>, json: Range<Int>) {
        self.bytes = bytes
        self.frame = frame
        self.json = json
    }

    mutating func wipe() {
        for index in bytes.indices { bytes[index] = 0 }
    }
}
