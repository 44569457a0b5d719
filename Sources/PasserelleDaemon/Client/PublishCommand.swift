// SPDX-License-Identifier: MIT

import PasserelleWire

/// `passerelle publish`: sends one server event to a channel.
package struct PublishCommand {
    /// The most bytes of data that are read from standard input; Channels takes less.
    package static let dataBytes = 60_000

    /// The channel.
    package var channel: String
    /// The event's name.
    package var event: String
    /// The event's data as JSON, or `-` for standard input.
    package var data: String

    /// The command that sends `event` with `data` to `channel`.
    package init(channel: String, event: String, data: String) {
        self.channel = channel
        self.event = event
        self.data = data
    }

    /// Sends through the gateway whose socket is at `path`, and gives the process's exit code: 0
    /// when Channels has it, 1 with the gateway's reason, 64 where the data is not JSON.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        var bytes = Array(data.utf8)
        if data == "-" {
            switch streams.input() {
            case .success(let input): bytes = input
            case .failure(let failure):
                streams.complain("standard input cannot be read: \(failure.reason)")
                return 1
            }
        }
        let line: [UInt8]
        do throws(JSONError) {
            let root = try JSONScanner.document(bytes.span)
            var out: [UInt8] = []
            JSONWriter.oneLine(bytes.span, root, into: &out)
            line = out
        } catch {
            streams.complain(
                "the data is not JSON: \(error.reason); a text is written '\"text\"'")
            return UsageError.exitCode
        }
        guard line.count <= Self.dataBytes else {
            streams.complain("the data has \(line.count) bytes, more than \(Self.dataBytes)")
            return 1
        }
        let question = Question(.publish(channel: channel, event: event, data: line))
        return question.run(path: path, streams: streams) { _ in nil }
    }
}

extension JSONError {
    /// What is wrong, as the end of a sentence.
    fileprivate var reason: String {
        switch self {
        case .unexpectedEnd: "it ends too soon"
        case .unexpectedByte(let at): "byte \(at + 1) is out of place"
        case .badEscape(let at): "byte \(at + 1) begins an unknown escape"
        case .controlCharacter(let at): "byte \(at + 1) is a raw control character"
        case .badUTF8(let at): "byte \(at + 1) is not UTF-8"
        case .tooDeep(let limit): "it is more than \(limit) levels deep"
        }
    }
}
