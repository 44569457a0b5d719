// SPDX-License-Identifier: MIT
import COpenSSL

/// How outbound links do TLS: whom they trust, and that they verify.
///
/// TLS 1.2 and up; the peer's certificate must lead to a trusted authority and be for the host
/// that was dialled (RFC 6125: a DNS name, or an IP address as such); SNI; ALPN `http/1.1`.
package final class TLSClient {
    /// Whether the peer is verified.
    ///
    /// If not, only loopback addresses may be dialled.
    let verifies: Bool
    let context: OpaquePointer

    /// Trusts the authorities in `caFile` (PEM), or the system's own store.
    ///
    /// `verifies: false` is for tests against the own host: a dial to any other refuses.
    package init(caFile: String? = nil, verifies: Bool = true) throws(TLSError) {
        self.verifies = verifies
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw .library(TLSError.lastWords())
        }
        self.context = context
        COpenSSL_prepare(context)
        COpenSSL_speak_http(context, 0)
        guard verifies else { return }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        ERR_clear_error()
        if let caFile {
            guard SSL_CTX_load_verify_file(context, caFile) == 1 else {
                throw .authorities(path: caFile, TLSError.lastWords())
            }
        } else if SSL_CTX_set_default_verify_paths(context) != 1 {
            throw .authorities(path: "the system's store", TLSError.lastWords())
        }
    }

    deinit { SSL_CTX_free(context) }

    /// The oldest protocol version spoken, as on the wire: 0x0303 is TLS 1.2.
    var lowestVersion: Int32 { COpenSSL_lowest_version(context) }

    /// What a dial says that would not verify a host elsewhere.
    static func refusal(host: String) -> String {
        "verification may be off for this host's own addresses only, and \(host) is none"
    }
}
