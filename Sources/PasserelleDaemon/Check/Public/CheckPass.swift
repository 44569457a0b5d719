// SPDX-License-Identifier: MIT

import PasserelleNet

/// What whoever holds the application's secret shows a gateway from outside: `TIME.NONCE.PROOF`.
///
/// With it the gateway tells what came of a request, and lets an anonymous reader into the check's
/// own channel; nothing else. The proof is by a key that is derived from the secret for this alone:
/// no pass helps to sign anything for Channels, and nothing signed for Channels is a pass.
struct CheckPass: Equatable {
    /// How long one is good for, in seconds, and how far clocks may be apart.
    static let validity: Int64 = 600
    /// The longest that is looked at, in bytes.
    static let longest = 160
    private static let nonceBytes = 16

    /// What is shown.
    let text: String
    /// What is sent in fields, to see whether it arrives; nobody's secret.
    let nonce: String
    private let key: [UInt8]

    /// A new one; `now` is in seconds since 1970.
    init(secret: [UInt8], at now: Int64) {
        key = Self.key(secret)
        nonce = Hex.encode(Random.bytes(Self.nonceBytes))
        text = "\(now).\(nonce)." + Self.proof(key, of: "\(now).\(nonce)")
    }

    /// One that was shown; `nil` where it was not made with this secret, or not lately.
    init?(_ text: String, secret: [UInt8], at now: Int64) {
        guard text.utf8.count <= Self.longest else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        key = Self.key(secret)
        let proof = Self.proof(key, of: "\(parts[0]).\(parts[1])")
        guard ConstantTime.equal(Array(proof.utf8), Array(parts[2].utf8)),
            let time = Int64(parts[0]),
            (now - Self.validity...now + Self.validity).contains(time)
        else { return nil }
        nonce = String(parts[1])
        self.text = text
    }

    /// A digest of something that came with it, which only a holder of the secret can make.
    func digest(of value: String, as name: String) -> String {
        Self.proof(key, of: "\(nonce)\n\(name.lowercased())\n\(value)")
    }

    private static func key(_ secret: [UInt8]) -> [UInt8] {
        Digest.hmacSHA256(key: secret, Array("passerelle check".utf8))
    }

    private static func proof(_ key: [UInt8], of text: String) -> String {
        Hex.encode(Digest.hmacSHA256(key: key, Array(text.utf8)))
    }
}
