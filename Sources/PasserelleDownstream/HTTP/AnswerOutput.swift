// SPDX-License-Identifier: MIT

import PasserelleHub

/// An answer that is sent in pieces as the client receives it.
///
/// Parts are released once they are sent.
struct AnswerOutput {
    /// The maximum number of bytes per write.
    static let pieceBytes = 65_536

    private var parts: [AnswerBody.Part]
    private var next = 0
    /// The number of bytes of the next part that were sent.
    private var offset = 0
    /// Bytes of the parts that only this answer holds.
    private var ownBytes = 0
    /// The index of each channel's oldest unsent event; `nil` until first computed.
    private var oldest: [Int]?
    /// The channels of those events.
    private var channels: Set<String> = []
    /// The number of unsent bytes.
    private(set) var count: Int

    init(_ body: AnswerBody) {
        parts = body.parts
        count = body.count
        for case .bytes(let bytes) in parts { ownBytes += bytes.count }
    }

    /// Fills the next piece.
    ///
    /// Returns `false` if it contains a deleted event; the answer then cannot be completed.
    func fill(_ piece: inout [UInt8], _ encoder: EventEncoder) -> Bool {
        var skipped = offset
        for part in parts[next...] {
            let room = Self.pieceBytes - piece.count
            guard room > 0 else { return true }
            switch part {
            case .bytes(let bytes): piece += bytes[skipped...].prefix(room)
            case .event(let event), .nextEvent(let event):
                let form = encoder.form(of: event)
                guard !form.json.isEmpty else { return false }
                var start = form.json.lowerBound + skipped
                if case .nextEvent = part {
                    if skipped == 0 { piece.append(UInt8(ascii: ",")) } else { start -= 1 }
                }
                piece += form.bytes[start..<form.json.upperBound].prefix(room)
            }
            skipped = 0
        }
        return true
    }

    /// Removes bytes of the last piece that were sent.
    mutating func took(_ taken: Int, _ encoder: EventEncoder) {
        count -= taken
        offset += taken
        while next < parts.count {
            let size = Self.size(of: parts[next], encoder)
            guard offset >= size else { break }
            offset -= size
            if case .bytes = parts[next] { ownBytes -= size }
            parts[next] = .bytes([])
            next += 1
        }
    }

    /// Returns the bytes that only this answer keeps in memory.
    ///
    /// If a channel's log has evicted an event, the answer counts in full, since the others will
    /// follow. Examines only the oldest event of each channel, since it is evicted first.
    mutating func heldBytes(_ hub: Hub) -> Int {
        let list = parts.count * MemoryLayout<AnswerBody.Part>.stride
        findOldest()
        let isInLog = (oldest ?? []).allSatisfy { event(at: $0).map(hub.holds) ?? true }
        return list + (isInLog ? ownBytes : max(count, ownBytes))
    }

    private func event(at index: Int) -> Event? {
        switch parts[index] {
        case .bytes: nil
        case .event(let event), .nextEvent(let event): event
        }
    }

    /// Examines all parts once, then only if a channel's oldest event was sent.
    private mutating func findOldest() {
        var found: [Int] = []
        var missing: Set<String>?
        if let oldest {
            found = oldest.filter { $0 >= next }
            guard found.count < oldest.count else { return }
            let known = Set(found.compactMap { event(at: $0)?.channel })
            missing = channels.subtracting(known)
        }
        for index in next..<parts.count {
            guard missing?.isEmpty != true else { break }
            guard let channel = event(at: index)?.channel else { continue }
            if missing == nil {
                if channels.insert(channel).inserted { found.append(index) }
            } else if missing?.remove(channel) != nil {
                found.append(index)
            }
        }
        if let missing { channels.subtract(missing) }
        oldest = found
    }

    private static func size(of part: AnswerBody.Part, _ encoder: EventEncoder) -> Int {
        switch part {
        case .bytes(let bytes): bytes.count
        case .event(let event): encoder.form(of: event).json.count
        case .nextEvent(let event): encoder.form(of: event).json.count + 1
        }
    }
}
