// SPDX-License-Identifier: MIT

/// A JSON Web Token in compact form (RFC 7519, RFC 7515 §7.1), decoded but not yet verified.
///
/// The caller must verify the signature. Only `alg` and `crit` are read from the header; a key in
/// it is ignored.
package struct CompactToken: Equatable, Sendable {
    /// The maximum size of a token in bytes.
    package static let maximumBytes = 8192

    /// The header's `alg`, not validated.
    package let algorithm: String
    /// The signed bytes: the first two parts and the dot between them.
    package let signed: [UInt8]
    /// The signature's bytes.
    package let signature: [UInt8]
    private let payload: [UInt8]

    /// Decodes a token and reads its header.
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
        guard members["crit"] == nil else { throw .unsupportedExtension }
        guard let algorithm = JSONScanner.text(header.span, members["alg"]) else {
            throw .badHeader
        }
        self.algorithm = algorithm
    }

    /// Parses the claims; trust them only if the signature is valid.
    package func claims() throws(TokenError) -> TokenClaims {
        try TokenClaims(payload)
    }

    /// Returns a token's text: the signed bytes, a dot and the encoded signature.
    package static func text(signed: [UInt8], signature: [UInt8]) -> String {
        String(decoding: signed, as: UTF8.self) + "." + Base64.encodeURL(signature)
    }

    /// Returns the bytes to sign for claims and an algorithm.
    package static func signed(algorithm: String, claims: TokenClaims) -> [UInt8] {
        let header: JSONObjectWriter = ["alg": algorithm, "typ": "JWT"]
        let parts = [header.finished(), claims.encoded()].map(Base64.encodeURL)
        return Array(parts.joined(separator: ".").utf8)
    }

    private static func decode(_ part: Substring) throws(TokenError) -> [UInt8] {
        guard let bytes = Base64.decodeURL(String(part)) else { throw .badBase64 }
        return bytes
    }
}

/// The reason why a text is not a valid token, or why its claims are refused.
package struct TokenError: Error, Equatable, Sendable {
    /// A clause for error messages; contains no bytes of the token.
    package let words: String

    private init(_ words: String) { self.words = words }
}

extension TokenError {
    package static func tooLong(limit: Int) -> TokenError {
        TokenError("it is longer than \(limit) bytes")
    }
    package static let notThreeParts = TokenError(
        "it does not have three parts separated by dots")
    package static let badBase64 = TokenError("a part of it is not unpadded URL-safe Base64")
    package static let badHeader = TokenError("its header is not a JSON object with an alg")
    /// The header has an unsupported extension (RFC 7515 §4.1.11).
    package static let unsupportedExtension = TokenError(
        "its header has crit, which is not supported")
    package static let badClaims = TokenError("its claims are not a JSON object")
    /// The header or the claims have a repeated member (RFC 7519 §4).
    package static let repeatedMember = TokenError("it has a repeated member")
    package static func badClaim(_ name: TokenClaims.Name) -> TokenError {
        TokenError("its \(name.rawValue) is not \(name.shape)")
    }
    package static let noExpiry = TokenError("it has no exp")
    package static let expired = TokenError("it has expired")
    package static let notYetValid = TokenError("it is not valid yet")
    package static let otherAudience = TokenError(
        "its aud is not the required one")
}

/// The members of a JSON object by name, each of which occurs once.
struct JSONMemberTable {
    private var slices: [String: JSONSlice] = [:]

    /// Parses an object; `nil` if the bytes are not an object.
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
