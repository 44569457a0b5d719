// SPDX-License-Identifier: MIT

/// The files of the certificate that TCP listeners of HTTP show, both PEM.
package struct CertificateFiles: Equatable, Sendable {
    /// The path of the chain, the server's own certificate first.
    package let certificate: String
    /// The path of its private key, which has no password.
    package let key: String
}
