// SPDX-License-Identifier: MIT

/// What the gateway says on the Unix socket.
package enum LineReply: Equatable, Sendable {
    /// A command is done; `json` is an object or an array.
    case ok(verb: String, words: [String], json: [UInt8]?)
    /// An event, as the object that all surfaces share.
    case event([UInt8])
    /// A command is refused.
    case error(code: String, message: String)

    /// Reads a line without its LF.
    package static func parse(_ line: Span<UInt8>) throws(LineError) -> LineReply {
        throw .unknownVerb
    }

    /// The line with its LF.
    package func encoded() -> [UInt8] { [] }
}
