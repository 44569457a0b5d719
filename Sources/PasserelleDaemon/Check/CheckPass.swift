// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleDownstream
package import PasserelleLog
package import PasserelleNet
import PasserelleWire

/// A pass that proves to a gateway that its sender has the application's secret:
/// `TIME.NONCE.PROOF`.
///
/// The gateway answers it with a `CheckEcho`, and admits an anonymous reader to the check's own
/// channel; nothing else. The proof uses a key derived from the secret for this purpose: a pass
/// cannot be used to sign for Channels, and a signature for Channels is not a pass.
package struct CheckPass: Equatable {
    /// The validity of a pass in seconds; clocks may differ by as much.
    package static let validity: Int64 = 600
    /// The longest pass accepted, in bytes.
    package static let longest = 160
    private static let nonceBytes = 16

    /// The pass as sent.
    package let text: String
    /// A value that is sent in header fields, to see whether they arrive; not secret.
    package let nonce: String
    private let key: [UInt8]

    /// Creates a pass; `now` is in seconds since 1970.
    package init(secret: [UInt8], at now: Int64) {
        key = Self.key(secret)
        nonce = Hex.encode(Random.bytes(Self.nonceBytes))
        text = "\(now).\(nonce)." + Self.proof(key, of: "\(now).\(nonce)")
    }

    /// Verifies a pass; returns `nil` if its proof is wrong or its time is outside `validity`.
    package init?(_ text: String, secret: [UInt8], at now: Int64) {
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

    /// Returns a digest of a value sent with the pass; it can only be made with the secret.
    package func digest(of value: String, as name: String) -> String {
        Self.proof(key, of: "\(nonce)\n\(name.lowercased())\n\(value)")
    }

    private static func key(_ secret: [UInt8]) -> [UInt8] {
        Digest.hmacSHA256(key: secret, Array("passerelle check".utf8))
    }

    private static func proof(_ key: [UInt8], of text: String) -> String {
        Hex.encode(Digest.hmacSHA256(key: key, Array(text.utf8)))
    }
}

extension CheckServices {
    /// The services for `passerelle check --public`: echoes of its requests, and access to its own
    /// channel; both require a pass, which can only be made with the application's secret.
    package init(_ configuration: Configuration, loop: EventLoop, log: Log) {
        self.init()
        let secret = configuration.application.secret.bytes
        let channel = CheckChannel.own(configuration.channels)
        let pass: (String) -> CheckPass? = { text in
            CheckPass(text, secret: secret, at: loop.wallMilliseconds / 1000)
        }
        echo = { request, isTrustedProxy in
            let items = (try? HTTPTarget.decodeQuery(request.query ?? "")) ?? []
            let shown = items.filter { $0.name == CheckEcho.passItem }.map(\.value)
            guard shown.count == 1, let pass = pass(shown[0]) else { return nil }
            log.info("answered a request of passerelle check --public")
            return .json(200, CheckEcho(request, pass: pass, isTrustedProxy: isTrustedProxy).json)
        }
        opens = { text, channels in
            channel.map { [$0] } == channels && pass(text) != nil
        }
    }
}
