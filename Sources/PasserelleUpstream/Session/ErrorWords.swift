// SPDX-License-Identifier: MIT

/// What in a server's words may be the name of a channel.
enum ErrorWords {
    /// The runs of characters that channel names have, each also without the punctuation that may
    /// be the sentence's.
    static func names(in message: String) -> [String] {
        var names: [String] = []
        for run in message.utf8.split(whereSeparator: { !isNameCharacter($0) }) {
            let bare = run.reversed().drop(while: isPunctuation).reversed()
            names.append(String(decoding: run, as: UTF8.self))
            if bare.count < run.count { names.append(String(decoding: bare, as: UTF8.self)) }
        }
        return names
    }

    /// Whether they say what hosted Channels says to a second subscription: that there is one.
    static func sayExisting(_ message: String) -> Bool {
        message.utf8.starts(with: "Existing subscription".utf8)
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
