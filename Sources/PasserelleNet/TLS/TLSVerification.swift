// SPDX-License-Identifier: MIT
import COpenSSL

/// What a refused certificate is told as.
enum TLSVerification {
    /// One clause for a verification result (X509_STORE_CTX_get_error(3)) other than OK.
    static func words(code: Int32, host: String) -> String {
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            "the server's certificate is for another name than \(host)"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            "the server's certificate, or one above it, has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            "the server's certificate, or one above it, is not valid yet"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            "the server's certificate is untrusted: no authority trusted here signed it"
        default:
            "the server's certificate is refused: "
                + String(cString: X509_verify_cert_error_string(Int(code)))
        }
    }
}
