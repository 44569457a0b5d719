// SPDX-License-Identifier: MIT

/// An `http` or `https` URL, taken apart as a client needs it.
package struct WebAddress: Sendable, Equatable {
    /// Whether it is `https`.
    package var isTLS: Bool
    /// The host, without the brackets of an IPv6 address.
    package var host: String
    /// The port, the scheme's own where the URL has none.
    package var port: Int
    /// Path and query, from the first `/` on.
    package var target: String

    /// An address from its parts.
    package init(isTLS: Bool, host: String, port: Int, target: String) {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.target = target
    }
}
