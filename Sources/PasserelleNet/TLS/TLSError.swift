// SPDX-License-Identifier: MIT

import COpenSSL
import Glibc

/// The reason a certificate, a key or a list of authorities cannot be used.
package enum TLSError: Error, Equatable, Sendable {
    /// The certificate file holds no usable chain; OpenSSL's reason.
    case certificate(path: String, String)
    /// The key file holds no usable private key; OpenSSL's reason.
    case key(path: String, String)
    /// The key does not belong to the certificate.
    case keyMismatch(certificate: String, key: String)
    /// The file of authorities cannot be used; OpenSSL's reason.
    case authorities(path: String, String)
    /// OpenSSL could not be set up; its reason.
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

extension TLSError {
    /// Empties this thread's OpenSSL queue and returns the reason of its oldest error.
    static func takeLastReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "no reason given" }
        // A failed system call is queued as its errno with this flag (ERR_SYSTEM_ERROR).
        if code & 0x8000_0000 != 0 {
            return String(cString: strerror(Int32(truncatingIfNeeded: code & 0x7FFF_FFFF)))
        }
        if let words = ERR_reason_error_string(code) { return String(cString: words) }
        return "OpenSSL error \(code)"
    }

    /// True if the oldest error is plain HTTP received instead of TLS; keeps the queue.
    static func lastIsPlainHTTP() -> Bool {
        ERR_peek_error() & 0x7F_FFFF == UInt(SSL_R_HTTP_REQUEST)
    }

    /// True if the oldest error is that a key does not match its certificate; keeps the queue.
    static func lastIsMismatch() -> Bool {
        let reason = ERR_peek_error() & 0x7F_FFFF
        return reason == UInt(X509_R_KEY_VALUES_MISMATCH)
            || reason == UInt(X509_R_KEY_TYPE_MISMATCH)
    }
}
