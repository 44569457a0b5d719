// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleDownstream
package import PasserelleLog
package import PasserelleNet
package import PasserelleWire

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
        echo = { request, isBelieved in
            let items = (try? HTTPTarget.decodeQuery(request.query ?? "")) ?? []
            let shown = items.filter { $0.name == CheckEcho.passItem }.map(\.value)
            guard shown.count == 1, let pass = pass(shown[0]) else { return nil }
            log.info("answered a request of passerelle check --public")
            return .json(200, CheckEcho(request, pass: pass, isBelieved: isBelieved).json)
        }
        opens = { text, channels in
            channel.map { [$0] } == channels && pass(text) != nil
        }
    }
}

/// The channels that a check subscribes to.
package enum CheckChannel {
    /// The text that replaces a pattern's star.
    private static let name = "passerelle-check"

    /// Returns a channel that the patterns allow, preferably a presence channel; it may be in use.
    package static func any(_ patterns: ChannelPatterns?) -> String? { first(texts(patterns)) }

    /// Returns a channel that the patterns allow and that only checks use, because of its name.
    package static func own(_ patterns: ChannelPatterns?) -> String? {
        // Messages on an encrypted channel must be encrypted.
        first(texts(patterns).filter { $0.contains("*") && !$0.hasPrefix("private-encrypted-") })
    }

    private static func texts(_ patterns: ChannelPatterns?) -> [String] {
        patterns?.list.map(\.text) ?? []
    }

    private static func first(_ texts: [String]) -> String? {
        let order = ["presence-", "private-", ""]
        let text = order.lazy.compactMap { kind in texts.first { $0.hasPrefix(kind) } }.first
        return text.map { $0.replacing("*", with: name) }
    }
}

/// The gateway's answer to a check pass: a proof that it has the secret, and the fields received.
///
/// Fields are reported as digests. The answer contains no bytes of the request.
package struct CheckEcho: Equatable {
    /// The request path.
    package static let path = "/check"
    /// The query items: the pass, and the name of a field to report.
    package static let passItem = "check"
    package static let fieldItem = "field"
    /// The cookie that is reported if the field is `Cookie`.
    package static let cookie = "passerelle-check"
    /// The maximum number of fields per request.
    package static let fieldLimit = 16

    /// How the gateway treats the client's address from a proxy's header.
    package enum Forwarding: String {
        /// No proxy sent an address.
        case unsaid
        case believed
        /// The proxy is not trusted.
        case ignored
    }

    /// A digest that proves that the gateway has the secret.
    package var proof: String
    package var version: String
    package var forwarding: Forwarding
    /// The digests of the requested fields that arrived, by lowercase name.
    package var digests: [String: String] = [:]

    /// Creates the answer to a request; `isBelieved` is true if a trusted proxy sent the request.
    package init(_ request: HTTPRequest, pass: CheckPass, isBelieved: Bool) {
        proof = pass.digest(of: "", as: Self.path)
        version = Version.text
        let isForwarded = ["X-Forwarded-For", "Forwarded"].contains(where: request.fields.contains)
        forwarding = !isForwarded ? .unsaid : isBelieved ? .believed : .ignored
        let items = (try? HTTPTarget.decodeQuery(request.query ?? "")) ?? []
        let names = items.lazy.filter { $0.name == Self.fieldItem }.map { $0.value.lowercased() }
        for name in names.prefix(Self.fieldLimit) {
            let value =
                name == "cookie"
                ? request.fields.cookie(Self.cookie) : request.fields.first(name)
            digests[name] = value.map { pass.digest(of: $0, as: name) }
        }
    }

    /// Parses an answer; returns `nil` if it is malformed, or was made without the secret.
    package init?(_ json: [UInt8], pass: CheckPass) {
        guard let object = JSONObject(json), let proof = object.text("proof"),
            proof == pass.digest(of: "", as: Self.path), let version = object.text("version"),
            let forwarding = object.text("forwarding").flatMap(Forwarding.init),
            let fields = object.object("fields")
        else { return nil }
        self.proof = proof
        self.version = version
        self.forwarding = forwarding
        for (name, value) in fields.members {
            guard let name = fields.text(name) else { continue }
            digests[name] = fields.text(value)
        }
    }

    /// One JSON object on one line.
    package var json: [UInt8] {
        var fields = JSONObjectWriter()
        for (name, digest) in digests.sorted(by: { $0.key < $1.key }) {
            fields.member(name, digest)
        }
        var object = JSONObjectWriter()
        object.member("proof", proof)
        object.member("version", version)
        object.member("forwarding", forwarding.rawValue)
        object.member("fields", json: fields.finished())
        return object.finished()
    }
}
