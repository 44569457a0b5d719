// SPDX-License-Identifier: MIT

/// A configuration while its variables are read, with what makes sense only together.
struct ConfigurationDraft {
    /// What is read so far.
    var configuration = Configuration()
    /// What readers may look at besides their value.
    let surroundings: Surroundings
    /// The hosted service's cluster.
    var cluster: String?
    /// Another server's host.
    var host: String?
    /// The server's port, where it is not the scheme's own.
    var port: Int?
    /// The path of the listeners' certificate.
    var certificate: String?
    /// The path of its key.
    var certificateKey: String?
    /// Whether the scheme is `https`.
    var isTLS = true

    /// A draft in which nothing is said yet.
    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
    }
}
