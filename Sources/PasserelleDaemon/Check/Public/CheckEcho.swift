// SPDX-License-Identifier: MIT

import PasserelleWire

/// What a gateway tells who shows it a pass: that it holds the secret too, and what came with it.
///
/// What came is told as digests: nothing that was sent stands in it.
struct CheckEcho: Equatable {
    /// The path that is asked.
    static let path = "/check"
    /// The query's items: the pass, and the name of a field that is asked about.
    static let passItem = "check"
    static let fieldItem = "field"
    /// The cookie that is looked for where `Cookie` is asked about.
    static let cookie = "passerelle-check"
    /// Fields that one request may ask about.
    static let fieldLimit = 16

    /// What is made of what a proxy says of the client.
    enum Forwarding: String {
        /// No proxy says anything.
        case unsaid
        case believed
        /// One does, and is none of the trusted.
        case ignored
    }

    /// A digest that shows that the gateway holds the secret.
    var proof: String
    var version: String
    var forwarding: Forwarding
    /// The digests of the fields that were asked about and came, by their names in lower case.
    var digests: [String: String] = [:]

    /// What is to be told of a request; `isBelieved` is whether a trusted proxy sent it.
    init(_ request: HTTPRequest, pass: CheckPass, isBelieved: Bool) {
        proof = pass.digest(of: "", as: Self.path)
        version = Version.text
        let isSaid = ["X-Forwarded-For", "Forwarded"].contains(where: request.fields.contains)
        forwarding = !isSaid ? .unsaid : isBelieved ? .believed : .ignored
        let items = (try? HTTPTarget.decodeQuery(request.query ?? "")) ?? []
        let names = items.lazy.filter { $0.name == Self.fieldItem }.map { $0.value.lowercased() }
        for name in names.prefix(Self.fieldLimit) {
            let value =
                name == "cookie"
                ? request.fields.cookie(Self.cookie) : request.fields.first(name)
            digests[name] = value.map { pass.digest(of: $0, as: name) }
        }
    }

    /// Reads an answer; `nil` for what is none, or was made without the secret.
    init?(_ json: [UInt8], pass: CheckPass) {
        guard let root = try? JSONScanner.document(json.span), root.kind == .object else {
            return nil
        }
        func member(_ name: String) -> JSONSlice? {
            JSONScanner.member(json.span, of: root, named: name)
        }
        guard let proof = JSONScanner.text(json.span, member("proof")),
            proof == pass.digest(of: "", as: Self.path),
            let version = JSONScanner.text(json.span, member("version")),
            let word = JSONScanner.text(json.span, member("forwarding")),
            let forwarding = Forwarding(rawValue: word), let fields = member("fields")
        else { return nil }
        self.proof = proof
        self.version = version
        self.forwarding = forwarding
        for (name, value) in JSONScanner.members(json.span, of: fields) {
            guard let name = JSONScanner.text(json.span, name) else { continue }
            digests[name] = JSONScanner.text(json.span, value)
        }
    }

    /// One JSON object on one line.
    var json: [UInt8] {
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
