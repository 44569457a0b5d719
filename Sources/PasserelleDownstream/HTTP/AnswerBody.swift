// SPDX-License-Identifier: MIT

import PasserelleHub

/// The body of an answer as a list of parts, joined piecewise as the client receives them.
///
/// An event refers to its encoded form, which all its readers share: a body with many events that
/// waits for a client costs a few bytes per event.
struct AnswerBody {
    enum Part {
        case bytes([UInt8])
        /// The JSON object of an event.
        case event(Event)
        /// The JSON object of an event, preceded by a comma.
        case nextEvent(Event)
    }

    private(set) var parts: [Part] = []
    /// The total size in bytes.
    private(set) var count = 0

    /// Creates a body with these bytes.
    init(_ bytes: [UInt8] = []) {
        append(bytes)
    }

    mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        parts.append(.bytes(bytes))
        count += bytes.count
    }

    /// Appends an event's object of `bytes` bytes, preceded by a comma if it is not the first.
    mutating func append(_ event: Event, bytes: Int, isFirst: Bool) {
        parts.append(isFirst ? .event(event) : .nextEvent(event))
        count += bytes + (isFirst ? 0 : 1)
    }

    mutating func append(_ other: AnswerBody) {
        parts += other.parts
        count += other.count
    }

    /// Returns all parts joined.
    func joined(_ encoder: EventEncoder) -> [UInt8] {
        var all: [UInt8] = []
        all.reserveCapacity(count)
        for part in parts {
            switch part {
            case .bytes(let bytes): all += bytes
            case .nextEvent(let event):
                all.append(UInt8(ascii: ","))
                fallthrough
            case .event(let event):
                let form = encoder.form(of: event)
                all += form.bytes[form.json]
            }
        }
        return all
    }
}
