// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The parts of an `http` or `https` URL.
package struct WebAddress: Equatable, Sendable {
    /// True if the scheme is `https`.
    package var isTLS: Bool
    /// The host, without the brackets of an IPv6 address.
    package var host: String
    /// The port, which is the scheme's default if the URL has none.
    package var port: Int
    /// The path and query, beginning with `/`.
    package var target: String

    /// Creates an address from its parts.
    package init(isTLS: Bool, host: String, port: Int, target: String = "/") {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.target = target
    }

    /// The address to connect to.
    package var endpoint: ListenAddress { .tcp(host: host, port: port) }

    /// The value of `Host`; the scheme's default port is left out (RFC 9110 §7.2).
    package var hostField: String {
        port == (isTLS ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// The origin, in the form that browsers send.
    package var origin: String { (isTLS ? "https://" : "http://") + hostField.lowercased() }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
}

extension WebAddress: CustomStringConvertible {
    /// The URL, always with its port.
    package var description: String {
        "\(isTLS ? "https" : "http")://\(bracketedHost):\(port)\(target)"
    }
}

/// The checks that recognize requests of other sites' pages.
extension HTTPRequest {
    /// The host in the `Host` field, in lower case, without its port and without the brackets of an
    /// IPv6 address; `nil` if there is no such field.
    package var hostName: String? {
        guard let host = fields.first("Host")?.lowercased() else { return nil }
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" })
    }

    /// True if `Host` is a loopback name or any numeric address.
    ///
    /// A page cannot obtain such a name by DNS rebinding.
    package var isForLoopbackNameOrAddress: Bool {
        guard let name = hostName else { return false }
        return ListenAddress.isLoopbackHost(name) || PeerAddress(numericHost: name, port: 0) != nil
    }

    /// True if a page of another origin than the one in `Host` sent the request; requests without
    /// `Origin` are not from such a page.
    package var isCrossOrigin: Bool {
        guard let origin = fields.first("Origin")?.lowercased() else { return false }
        guard let host = fields.first("Host")?.lowercased() else { return true }
        return origin != "http://" + host && origin != "https://" + host
    }
}
