// SPDX-License-Identifier: MIT

extension [UInt8] {
    /// Copies the bytes of a span.
    package init(copying span: Span<UInt8>) {
        self.init(capacity: span.count) { out in
            for i in span.indices { out.append(span[i]) }
        }
    }

    /// Adds the bytes of a span at the end, growing by doubling.
    package mutating func append(copying span: Span<UInt8>) {
        append(addingCapacity: span.count) { out in
            for i in span.indices { out.append(span[i]) }
        }
    }
}
