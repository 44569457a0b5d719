// SPDX-License-Identifier: MIT
import COpenSSL

/// How accepted links do TLS: one certificate chain and its key, TLS 1.2 and up, ALPN `http/1.1`.
///
/// Whatever name a client asks for (SNI), it is shown this certificate, and judges it by itself.
/// Read once: after the files change, make another and give it to the listener. Links that were
/// accepted before keep the one they have.
package final class TLSServer {
    let context: OpaquePointer

    /// What a peer is answered that speaks plain HTTP instead of TLS, before its link ends.
    package var plainAnswer: [UInt8] = []

    /// Reads a PEM certificate chain, the server's own certificate first, and its PEM key.
    package init(certificateFile: String, keyFile: String) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw .library(TLSError.lastWords())
        }
        self.context = context
        COpenSSL_prepare(context)
        guard COpenSSL_prepare_server(context) == 1 else {
            throw .library(TLSError.lastWords())
        }
        COpenSSL_speak_http(context, 1)
        ERR_clear_error()
        guard SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1 else {
            throw .certificate(path: certificateFile, TLSError.lastWords())
        }
        guard SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1 else {
            if TLSError.lastIsMismatch() {
                throw .keyMismatch(certificate: certificateFile, key: keyFile)
            }
            throw .key(path: keyFile, TLSError.lastWords())
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw .keyMismatch(certificate: certificateFile, key: keyFile)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// The oldest protocol version spoken, as on the wire: 0x0303 is TLS 1.2.
    var lowestVersion: Int32 { COpenSSL_lowest_version(context) }
}
