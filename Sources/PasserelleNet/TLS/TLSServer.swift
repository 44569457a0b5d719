// SPDX-License-Identifier: MIT

import COpenSSL

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
