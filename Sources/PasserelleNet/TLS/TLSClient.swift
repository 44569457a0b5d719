// SPDX-License-Identifier: MIT

import COpenSSL
import Glibc

/// The TLS configuration of outbound links: trusted authorities and verification.
///
/// TLS 1.2 and up. The peer's certificate must lead to a trusted authority and match the dialled
/// host (RFC 6125: a DNS name, or an IP address as such). Sends SNI, and ALPN `http/1.1`.
package final class TLSClient {
    /// True if the peer is verified; if not, only loopback addresses may be dialled.
    let verifies: Bool
    let context: OpaquePointer

    /// Trusts the authorities in `caFile` (PEM), or the system's store if `caFile` is `nil`.
    ///
    /// `verifies: false` is for tests on this host: a dial to any other host is refused.
    package init(caFile: String? = nil, verifies: Bool = true) throws(TLSError) {
        self.verifies = verifies
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw .library(TLSError.takeLastReason())
        }
        self.context = context
        COpenSSL_prepare(context)
        COpenSSL_speak_http(context, 0)
        guard verifies else { return }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        ERR_clear_error()
        if let caFile {
            guard SSL_CTX_load_verify_file(context, caFile) == 1 else {
                throw .authorities(path: caFile, TLSError.takeLastReason())
            }
        } else if SSL_CTX_set_default_verify_paths(context) != 1 {
            throw .authorities(path: "the system's store", TLSError.takeLastReason())
        }
    }

    deinit { SSL_CTX_free(context) }

    /// The oldest protocol version supported, as on the wire: 0x0303 is TLS 1.2.
    var lowestVersion: Int32 { COpenSSL_lowest_version(context) }

    /// The error of an unverified dial to a host that is not loopback.
    static func refusal(host: String) -> String {
        "TLS verification can be disabled for loopback addresses only; \(host) is not one"
    }
}

/// The TLS configuration of accepted links: a certificate chain with its key, TLS 1.2 and up, ALPN.
///
/// Every client receives this certificate, for any name it requests (SNI). The files are read once:
/// if they change, make another `TLSServer` and give it to the listener. Links accepted before keep
/// theirs. The ALPN protocol is `http/1.1`.
package final class TLSServer {
    let context: OpaquePointer

    /// The answer to a peer that sends plain HTTP instead of TLS, before its link ends.
    package var plainAnswer: [UInt8] = []

    /// Reads a PEM certificate chain, the server's own certificate first, and its PEM key.
    package init(certificateFile: String, keyFile: String) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw .library(TLSError.takeLastReason())
        }
        self.context = context
        COpenSSL_prepare(context)
        guard COpenSSL_prepare_server(context) == 1 else {
            throw .library(TLSError.takeLastReason())
        }
        COpenSSL_speak_http(context, 1)
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1 else {
            throw .certificate(path: certificateFile, TLSError.takeLastReason())
        }
        guard SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1 else {
            if TLSError.lastIsMismatch() {
                throw .keyMismatch(certificate: certificateFile, key: keyFile)
            }
            throw .key(path: keyFile, TLSError.takeLastReason())
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw .keyMismatch(certificate: certificateFile, key: keyFile)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// The oldest protocol version supported, as on the wire: 0x0303 is TLS 1.2.
    var lowestVersion: Int32 { COpenSSL_lowest_version(context) }
}

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
