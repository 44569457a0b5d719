// SPDX-License-Identifier: MIT

/// A JSON Web Token in its compact form (RFC 7519, RFC 7515 §7.1), taken apart and not yet believed.
///
/// Whose signature it has is for somebody else to say; nothing in the header but `alg` is looked at,
/// least of all a key.
package struct CompactToken: Equatable, Sendable {
    /// Bytes of the longest token that is looked at.
    package static let maximumBytes = 8192

    /// The header's `alg`, whatever it says.
    package let algorithm: String
    /// What the signature is over: the first two parts and the dot between them.
    package let signed: [UInt8]
    /// The signature's bytes.
    package let signature: [UInt8]
    private let payload: [UInt8]

    /// Takes a token apart and reads its header.
    package init(_ text: String) throws(TokenError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw .tooLong(limit: Self.maximumBytes)
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .notThreeParts }
        let header = try Self.decode(parts[0])
        payload = try Self.decode(parts[1])
        signature = try Self.decode(parts[2])
        signed = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard let members = try JSONMemberTable(header) else { throw .badHeader }
        guard members["crit"] == nil else { throw .unknownDemand }
        guard let algorithm = JSONScanner.text(header.span, members["alg"]) else {
            throw .badHeader
        }
        self.algorithm = algorithm
    }

    /// Reads the claims; to be believed once the signature is.
    package func claims() throws(TokenError) -> TokenClaims {
        try TokenClaims(payload)
    }

    /// A token's text: header, claims and signature, each encoded, with dots between them.
    package static func text(signed: [UInt8], signature: [UInt8]) -> String {
        String(decoding: signed, as: UTF8.self) + "." + Base64.encodeURL(signature)
    }

    /// What is to be signed for some claims by that algorithm.
    package static func signed(algorithm: String, claims: TokenClaims) -> [UInt8] {
        var header = JSONObjectWriter()
        header.member("alg", algorithm)
        header.member("typ", "JWT")
        let parts = [header.finished(), claims.encoded()].map(Base64.encodeURL)
        return Array(parts.joined(separator: ".").utf8)
    }

    private static func decode(_ part: Substring) throws(TokenError) -> [UInt8] {
        guard let bytes = Base64.decodeURL(String(part)) else { throw .badBase64 }
        return bytes
    }
}

/// The members of a JSON object by their names, each there once.
struct JSONMemberTable {
    private var slices: [String: JSONSlice] = [:]

    /// Reads an object; `nil` for what is none.
    init?(_ bytes: [UInt8]) throws(TokenError) {
        guard let root = try? JSONScanner.document(bytes.span), root.kind == .object else {
            return nil
        }
        for (key, value) in JSONScanner.members(bytes.span, of: root) {
            let name = String(decoding: JSONScanner.string(bytes.span, key), as: UTF8.self)
            guard slices.updateValue(value, forKey: name) == nil else { throw .repeatedMember }
        }
    }

    subscript(name: String) -> JSONSlice? { slices[name] }
}
