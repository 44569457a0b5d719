// SPDX-License-Identifier: MIT

/// Why a certificate, a key or a list of authorities cannot be used.
package enum TLSError: Error, Equatable, Sendable {
    /// The certificate file holds no usable chain; OpenSSL's words.
    case certificate(path: String, String)
    /// The key file holds no usable private key; OpenSSL's words.
    case key(path: String, String)
    /// The key is not the certificate's.
    case keyMismatch(certificate: String, key: String)
    /// The file of authorities cannot be used; OpenSSL's words.
    case authorities(path: String, String)
    /// OpenSSL could not be set up; its own words.
    case library(String)
}

extension TLSError: CustomStringConvertible {
    /// One sentence without its full stop.
    package var description: String {
        switch self {
        case .certificate(let path, let words): "cannot use the certificate \(path): \(words)"
        case .key(let path, let words): "cannot use the private key \(path): \(words)"
        case .keyMismatch(let certificate, let key):
            "the private key \(key) does not belong to the certificate \(certificate)"
        case .authorities(let path, let words): "cannot use the authorities in \(path): \(words)"
        case .library(let words): "cannot set up TLS: \(words)"
        }
    }
}
