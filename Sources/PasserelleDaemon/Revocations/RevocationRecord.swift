// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleWire

/// A revocation, as a line of the file that `RevocationKeeper` writes.
package struct RevocationRecord: Equatable {
    package let userID: String
    /// The channel; `nil` for all channels.
    package let channel: String?
    /// When the user was revoked, in milliseconds since 1970.
    package let time: Int64
}

extension RevocationRecord {
    /// Parses a line without its LF; returns `nil` if it is damaged.
    package init?(_ line: [UInt8]) {
        guard let object = JSONObject(line), let userID = object.text("user"),
            let time = object.integer("at"), (0...Int(1e15)).contains(time)
        else { return nil }
        let channel = object.text("channel")
        guard object["channel"] == nil || channel != nil else { return nil }
        self.init(userID: userID, channel: channel, time: Int64(time))
    }

    /// The line with its LF.
    package var encoded: [UInt8] {
        var json = JSONObjectWriter()
        json.member("user", userID)
        if let channel { json.member("channel", channel) }
        json.member("at", Int(time))
        return json.finished() + [UInt8(ascii: "\n")]
    }

    /// Parses a file's lines; also returns the number of damaged ones.
    package static func read(_ bytes: [UInt8]) -> (records: [RevocationRecord], bad: Int) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let records = lines.compactMap { RevocationRecord(Array($0)) }
        return (records, lines.count - records.count)
    }
}
