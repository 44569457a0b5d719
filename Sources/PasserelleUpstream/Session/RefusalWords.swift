// SPDX-License-Identifier: MIT

/// Explains the close codes 4000–4099 and how to resolve them.
package enum RefusalWords {
    /// Returns one clause for a code, followed by the server's own message if it has one.
    static func words(code: Int, server: String) -> String {
        let ours = meaning(code: code, server: server) + ": " + remedy(code: code, server: server)
        return server.isEmpty ? ours : "\(ours) (server message: \(server))"
    }

    /// Returns the remedy for a refusal; `server` is the server's own message.
    package static func remedy(code: Int, server: String) -> String {
        switch code {
        case 4000: "set PUSHER_SCHEME=https"
        case 4001:
            "PUSHER_KEY does not exist in PUSHER_CLUSTER (or on PUSHER_HOST): copy both from the"
                + " application's App Keys page"
        case 4003: "enable the application again"
        case 4004: "close other connections, or raise the limit of the application's plan"
        case 4005: "check PUSHER_HOST and PUSHER_PATH"
        case 4006...4008: "check that PUSHER_HOST supports Channels protocol 7"
        case 4009 where isAboutOrigin(server):
            "set PUSHER_ORIGIN to an origin that the server allows"
        case 4009:
            "check the server's message, and whether the application's settings require clients"
                + " to sign in"
        default: "check the server's message"
        }
    }

    private static func meaning(code: Int, server: String) -> String {
        switch code {
        case 4000: "the application requires TLS"
        case 4001: "the server knows no application with this key"
        case 4003: "the application is disabled"
        case 4004: "the application is over its connection limit"
        case 4005: "no Channels server answers at this path"
        case 4006...4008: "the server does not support version 7 of the protocol"
        case 4009 where isAboutOrigin(server): "the server does not allow this origin"
        case 4009: "the server does not authorize the connection"
        default: "the server refuses the connection permanently"
        }
    }

    /// True if the server's message is about the `Origin` header, as Laravel Reverb's is.
    private static func isAboutOrigin(_ server: String) -> Bool {
        server.lowercased().contains("origin")
    }
}

/// Recognizes channel names and known phrases in a server's error messages.
enum ErrorWords {
    /// Returns the runs of characters that are valid in channel names.
    ///
    /// A run that ends in punctuation is also returned without it, as the punctuation may belong to
    /// the sentence.
    static func names(in message: String) -> [String] {
        var names: [String] = []
        for run in message.utf8.split(whereSeparator: { !isNameCharacter($0) }) {
            let bare = run.reversed().drop(while: isPunctuation).reversed()
            names.append(String(decoding: run, as: UTF8.self))
            if bare.count < run.count { names.append(String(decoding: bare, as: UTF8.self)) }
        }
        return names
    }

    /// True if this is hosted Channels' answer to an `unsubscribe` without a subscription.
    static func isNoSubscription(_ message: String) -> Bool {
        message.utf8.starts(with: "No current subscription".utf8)
    }

    /// True if the message refuses a client event, in the phrases of servers that send no code.
    static func isClientEventRefusal(_ message: String) -> Bool {
        let message = message.lowercased()
        return ["client event", "client-event", "client messag", "client is not a member"]
            .contains { message.contains($0) }
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "="), UInt8(ascii: "@"):
            true
        default: isPunctuation(byte)
        }
    }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ";")
    }
}

/// Makes a server's text safe to log and pass on: one line, no control characters, bounded length.
enum PeerText {
    /// The longest result, in bytes.
    static let limit = 300

    /// Returns the beginning of a text, with each run of control characters replaced by one space.
    static func line(_ text: String) -> String {
        guard text.utf8.count > limit || text.unicodeScalars.contains(where: isControl) else {
            return text
        }
        var line = ""
        var count = 0
        var isAfterControl = false
        for scalar in text.unicodeScalars {
            let isControl = isControl(scalar)
            defer { isAfterControl = isControl }
            if isControl, isAfterControl { continue }
            count += isControl ? 1 : UTF8.width(scalar)
            guard count <= limit else { break }
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }
}
