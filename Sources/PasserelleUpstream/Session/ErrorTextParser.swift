// SPDX-License-Identifier: MIT

/// Recognizes channel names and known phrases in a server's error messages.
enum ErrorTextParser {
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
