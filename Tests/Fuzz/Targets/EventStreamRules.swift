// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of Server-Sent Events for any content.
enum EventStreamRules {
    /// Checks that one encoded event is read as exactly that event.
    ///
    /// The first two bytes of the input give the lengths of a name and an id; the rest is data.
    static func events(_ bytes: [UInt8]) {
        reading(bytes)
        guard bytes.count >= 2 else { return }
        let rest = Array(bytes.dropFirst(2))
        let nameEnd = min(rest.count, Int(bytes[0]) % 24)
        let idEnd = min(rest.count, nameEnd + Int(bytes[1]) % 24)
        let name = String(decoding: rest[..<nameEnd], as: UTF8.self)
        let id = String(decoding: rest[nameEnd..<idEnd], as: UTF8.self)
        let data = Array(rest[idEnd...])
        var out: [UInt8] = []
        EventStreamWriter.event(id: id, name: name, data: data, into: &out)
        var parser = EventStreamParser()
        parser.append(out.span)
        let message = try? parser.next()
        hold("one event is one event", message != nil && (try? parser.next()) == .some(nil))
        let isPlain = data.allSatisfy { $0 != 13 }
        if isPlain { hold("data survives", message?.data == data) }
        if !breaks(name), !name.isEmpty { hold("a name survives", message?.event == name) }
        if !breaks(id) { hold("an id survives", message?.id == id) }
        if breaks(name) {
            hold("a name that breaks lines is left out", message?.event == "message")
        }
    }

    private static func breaks(_ text: String) -> Bool {
        text.utf8.contains { $0 == 10 || $0 == 13 || $0 == 0 }
    }

    /// Checks that a stream is parsed the same in any pieces.
    private static func reading(_ bytes: [UInt8]) {
        hold(
            "a stream does not depend on how it is cut",
            read([bytes]) == read(Pieces(bytes).map { $0 }))
    }

    private static func read(_ pieces: [[UInt8]]) -> [EventStreamMessage]? {
        var parser = EventStreamParser(limit: 512)
        var messages: [EventStreamMessage] = []
        for piece in pieces {
            parser.append(piece.span)
            do {
                while let message = try parser.next() { messages.append(message) }
            } catch {
                return nil
            }
        }
        return messages
    }
}
