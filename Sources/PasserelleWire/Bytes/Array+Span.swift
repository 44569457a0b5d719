// SPDX-License-Identifier: MIT

extension [UInt8] {
    /// Copies the bytes of a span.
    package init(copying span: Span<UInt8>) {
        self.init(capacity: span.count) { out in
            for i in span.indices { out.append(span[i]) }
        }
    }

    /// Appends the bytes of a span; the capacity grows by doubling.
    package mutating func append(copying span: Span<UInt8>) {
        append(addingCapacity: span.count) { out in
            for i in span.indices { out.append(span[i]) }
        }
    }
}

extension String {
    /// Creates a string from bytes, with each malformed part replaced by U+FFFD.
    package init(copying bytes: Span<UInt8>) {
        if let text = try? UTF8Span(validating: bytes) {
            self.init(copying: text)
        } else {
            self.init(decoding: [UInt8](copying: bytes), as: UTF8.self)
        }
    }
}
