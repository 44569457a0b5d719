// SPDX-License-Identifier: MIT

/// A message from the gateway on the Unix socket.
package enum LineReply: Equatable, Sendable {
    /// A command has succeeded; `json` is an object or an array, on one line.
    case ok(verb: String, words: [String], json: [UInt8]?)
    /// An event as a JSON object on one line, in the form that all transports share.
    case event([UInt8])
    /// A command was refused.
    case error(code: String, message: String)

    /// Parses a line without its LF.
    package static func parse(_ line: Span<UInt8>) throws(LineError) -> LineReply {
        var words = LineWords()
        switch try words.next(line) {
        case nil: throw .empty
        case "OK": return try ok(&words, line)
        case "EVENT":
            guard let json = try words.json(line) else { throw .missing(word: "the event") }
            return .event(json)
        case "ERR":
            let code = try words.required("the code", line)
            return .error(code: code, message: try words.rest(line))
        default: throw .unknownVerb
        }
    }

    /// The line with its LF; a line break in a message or between JSON tokens becomes a space.
    package func encoded() -> [UInt8] {
        var out: [UInt8]
        switch self {
        case .ok(let verb, let words, let json):
            out = Array("OK".utf8)
            for word in [verb] + words {
                out.append(UInt8(ascii: " "))
                LineWords.append(word, into: &out)
            }
            if let json { Self.append(json, into: &out) }
        case .event(let json):
            out = Array("EVENT".utf8)
            out.reserveCapacity(json.count + 7)
            Self.append(json, into: &out)
        case .error(let code, let message):
            out = Array("ERR ".utf8)
            LineWords.append(code, into: &out)
            Self.append(Array(message.utf8), into: &out)
        }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    private static func append(_ bytes: [UInt8], into out: inout [UInt8]) {
        out.append(UInt8(ascii: " "))
        let start = out.count
        out.append(contentsOf: bytes)
        for at in start..<out.count where out[at] == 0x0A || out[at] == 0x0D { out[at] = 0x20 }
    }

    private static func ok(
        _ words: inout LineWords, _ line: Span<UInt8>
    ) throws(LineError) -> LineReply {
        let verb = try words.required("the verb", line)
        var list: [String] = []
        while let byte = words.peek(line) {
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                return .ok(verb: verb, words: list, json: try words.json(line))
            }
            guard let word = try words.next(line) else { break }
            list.append(word)
        }
        return .ok(verb: verb, words: list, json: nil)
    }
}
