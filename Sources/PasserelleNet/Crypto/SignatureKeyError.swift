// SPDX-License-Identifier: MIT

/// The reason a value cannot be a signature key.
package enum SignatureKeyError: Error, Equatable, Sendable {
    /// The secret has fewer bytes than its digest (RFC 7518 §3.2).
    case shortSecret(bytes: Int, least: Int)
    /// The secret is the text of a key file: anyone with the public key could sign with it.
    case keyTextAsSecret
    /// The secret is a token, a URL or a path.
    case notSecret(SecretText.Kind)
    /// The file holds no key in PEM; OpenSSL's reason.
    case noKey(String)
    /// The file holds a private key instead of the public one.
    case privateKey
    /// The key has a kind, a curve or a size that no algorithm accepts.
    case unfit
}

extension SignatureKeyError {
    /// The end of a sentence that begins with the given value.
    package var words: String {
        switch self {
        case .shortSecret(let bytes, let least):
            "has \(bytes) bytes, and a secret needs at least \(least)"
        case .keyTextAsSecret: "is the text of a key; give the path of its file"
        case .notSecret(.url): "is a URL, and keys are not fetched; give the path of a PEM file"
        case .notSecret(.token): "is a token; give the key that verifies it"
        case .notSecret: "looks like the path of a file; begin it with / or ./"
        case .noKey(let words): "holds no key in PEM form (\(words))"
        case .privateKey: "holds a private key; give the public key, which verifies"
        case .unfit: "holds a key that is neither RSA of 2048 bits or more, nor P-256, nor Ed25519"
        }
    }
}
