// SPDX-License-Identifier: MIT

import PasserelleNet
import Glibc
import PasserelleConfiguration
import PasserelleWire

/// `passerelle publish`: publishes an event on a channel.
package struct PublishCommand {
    /// The maximum number of bytes of data read from standard input; Channels accepts fewer.
    package static let dataBytes = 60_000

    /// The channel.
    package var channel: String
    /// The event's name.
    package var event: String
    /// The event's data as JSON, or `-` for standard input.
    package var data: String

    /// Publishes through the gateway with the socket at `path`; returns the process's exit code: 0
    /// if Channels accepted the event, 1 with the gateway's reason, 64 if the data is not JSON.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        var bytes = Array(data.utf8)
        if data == "-" {
            switch streams.input() {
            case .success(let input): bytes = input
            case .failure(let failure):
                streams.report("standard input cannot be read: \(failure.reason)")
                return 1
            }
        }
        let line: [UInt8]
        do throws(JSONError) {
            let root = try JSONScanner.document(bytes.span)
            line = JSONWriter.oneLine(bytes.span, root)
        } catch {
            streams.report(
                "the data is not JSON: \(error.reason); write a string as '\"text\"'")
            return UsageError.exitCode
        }
        guard line.count <= Self.dataBytes else {
            streams.report("the data has \(line.count) bytes, more than \(Self.dataBytes)")
            return 1
        }
        let command = LineCommand.publish(channel: channel, event: event, data: line)
        return ClientCommands.ask(command, path: path, streams: streams) { _ in nil }
    }
}

extension JSONError {
    /// The error, as the end of a sentence.
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
