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
