// SPDX-License-Identifier: MIT

/// The rules for socket ids.
package enum SocketID {
    /// The maximum length of a server's socket id in bytes: the id is part of every signature.
    package static let maximumLength = 256

    /// Returns true if a server's socket id has 1 to `maximumLength` bytes and no control
    /// characters.
    ///
    /// pusher-js accepts any text, and servers send numbers, UUIDs and other forms.
    package static func isUsable(_ text: String) -> Bool {
        1...maximumLength ~= text.utf8.count
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value)
            }
    }

    /// Returns true if a text is two runs of digits joined by a dot, the form that hosted Channels
    /// uses and requires in REST requests.
    package static func isHosted(_ text: String) -> Bool {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
    }
}
