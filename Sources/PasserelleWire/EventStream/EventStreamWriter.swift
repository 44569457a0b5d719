// SPDX-License-Identifier: MIT

/// An encoder for Server-Sent Events (WHATWG HTML §9.2).
package enum EventStreamWriter {
    /// Appends one event; omits a name or id that is empty or has CR, LF or NUL in it.
    ///
    /// Each line of the data gets its own `data:`. CR, LF and CR LF all end a line, so that the
    /// client receives a CR as LF.
    package static func event(
        id: String?, name: String?, data: [UInt8], into out: inout [UInt8]
    ) {
        let overhead = 24 + (id?.utf8.count ?? 0) + (name?.utf8.count ?? 0)
        out.reserveCapacity(out.count + data.count + overhead)
        if let name { field("event: ", name, into: &out) }
        if let id { field("id: ", id, into: &out) }
        lines(data, into: &out)
        out.append(lineFeed)
    }

    /// Appends the time before a client reconnects; a negative time counts as 0.
    package static func retry(milliseconds: Int, into out: inout [UInt8]) {
        out.append(contentsOf: "retry: \(max(milliseconds, 0))\n\n".utf8)
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private static func breaksField(_ byte: UInt8) -> Bool {
        byte == 0x0A || byte == 0x0D || byte == 0
    }

    private static func field(_ start: String, _ value: String, into out: inout [UInt8]) {
        guard !value.isEmpty, !value.utf8.contains(where: breaksField) else { return }
        out.append(contentsOf: start.utf8)
        out.append(contentsOf: value.utf8)
        out.append(lineFeed)
    }

    private static func lines(_ data: [UInt8], into out: inout [UInt8]) {
        var start = 0
        while true {
            var end = start
            while end < data.count, data[end] != 0x0A, data[end] != 0x0D { end += 1 }
            out.append(contentsOf: "data: ".utf8)
            out.append(contentsOf: data[start..<end])
            out.append(lineFeed)
            guard end < data.count else { return }
            let isPair = data[end] == 0x0D && end + 1 < data.count && data[end + 1] == 0x0A
            start = end + (isPair ? 2 : 1)
        }
    }
}
