// SPDX-License-Identifier: MIT

/// Why a text is no token that can be looked at, or one whose claims do not hold.
package enum TokenError: Error, Equatable, Sendable {
    /// Longer than `limit` bytes.
    case tooLong(limit: Int)
    /// Not three parts with dots between them.
    case notThreeParts
    /// A part that is no Base64 of the URL-safe kind, without padding.
    case badBase64
    /// A header that is no JSON object with an `alg`.
    case badHeader
    /// A header that demands what is not understood here (`crit`, RFC 7515 §4.1.11).
    case unknownDemand
    /// Claims that are no JSON object.
    case badClaims
    /// A member of the header or of the claims that is there twice (RFC 7519 §4).
    case repeatedMember
    /// A claim that is not what it has to be.
    case badClaim(TokenClaims.Name)
    /// No `exp`.
    case noExpiry
    /// `exp` lies in the past.
    case expired
    /// `nbf` lies in the future.
    case notYetValid
}

extension TokenError {
    /// One clause that holds nothing of the token's own text.
    package var words: String {
        switch self {
        case .tooLong(let limit): "it is longer than \(limit) bytes"
        case .notThreeParts: "it does not have three parts with dots between them"
        case .badBase64: "a part of it is not unpadded URL-safe Base64"
        case .badHeader: "its header is no JSON object with an alg"
        case .unknownDemand: "its header has crit, and nothing of that kind is understood here"
        case .badClaims: "its claims are no JSON object"
        case .repeatedMember: "it says something twice"
        case .badClaim(let name): "its \(name.rawValue) is not \(name.shape)"
        case .noExpiry: "it has no exp"
        case .expired: "it has expired"
        case .notYetValid: "it is not valid yet"
        }
    }
}
