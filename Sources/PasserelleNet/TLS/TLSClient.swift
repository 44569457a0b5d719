// SPDX-License-Identifier: MIT

import COpenSSL

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
