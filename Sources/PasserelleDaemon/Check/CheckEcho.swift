// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleWire

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

    /// Creates the answer to a request; `isTrustedProxy` is true if a trusted proxy sent it.
    package init(_ request: HTTPRequest, pass: CheckPass, isTrustedProxy: Bool) {
        proof = pass.digest(of: "", as: Self.path)
        version = Version.text
        let isForwarded = ["X-Forwarded-For", "Forwarded"].contains(where: request.fields.contains)
        forwarding = !isForwarded ? .unsaid : isTrustedProxy ? .believed : .ignored
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
        let object: JSONObjectWriter = [
            "proof": proof, "version": version, "forwarding": forwarding.rawValue,
            "fields": fields,
        ]
        return object.finished()
    }
}
