// SPDX-License-Identifier: MIT

/// Why something cannot be the key of signatures.
package enum SignatureKeyError: Error, Equatable, Sendable {
    /// A secret of fewer bytes than its digest has (RFC 7518 §3.2).
    case shortSecret(bytes: Int, least: Int)
    /// A secret that is the text of a key file: whoever has the public key could sign with it.
    case keyTextAsSecret
    /// No key in PEM; OpenSSL's words.
    case noKey(String)
    /// A private key where the public one belongs.
    case privateKey
    /// A key of a kind, a curve or a size that none of the algorithms takes.
    case unfit
}

extension SignatureKeyError {
    /// The end of a sentence that begins with what was given.
    package var words: String {
        switch self {
        case .shortSecret(let bytes, let least):
            "has \(bytes) bytes, and a secret needs at least \(least)"
        case .keyTextAsSecret: "is the text of a key; give the path of its file"
        case .noKey(let words): "holds no key in PEM form (\(words))"
        case .privateKey: "holds a private key, and what verifies is the public one"
        case .unfit: "holds a key that is neither RSA of 2048 bits or more, nor P-256, nor Ed25519"
        }
    }
}
