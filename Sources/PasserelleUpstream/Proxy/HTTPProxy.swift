// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// An HTTP proxy through which TLS connections are tunnelled (RFC 9110 §9.3.6).
package struct HTTPProxy: Equatable, Sendable {
    /// Why a text names no proxy.
    package enum Problem: Error, Equatable, Sendable {
        /// It is neither `http://[USER:PASSWORD@]HOST[:PORT]` nor `HOST:PORT`.
        case malformed
        /// Its scheme is one that this program does not speak to proxies.
        case scheme
    }

    /// Where the proxy listens.
    package var address: ListenAddress
    /// The `Proxy-Authorization` field's value, where the URL has a user; a secret.
    package var authorization: String?

    /// A proxy by its parts.
    package init(address: ListenAddress, authorization: String? = nil) {
        self.address = address
        self.authorization = authorization
    }

    /// Reads what `HTTPS_PROXY` holds: `http://[USER:PASSWORD@]HOST[:PORT][/]`, where the scheme
    /// may be left out and the port is 80 unless it is said; user and password percent-encoded.
    package init(_ text: String) throws(Problem) {
        var rest = text[...]
        if let end = rest.firstRange(of: "://") {
            guard rest[..<end.lowerBound].lowercased() == "http" else { throw .scheme }
            rest = rest[end.upperBound...]
        }
        if rest.last == "/" { rest = rest.dropLast() }
        var credentials: String?
        if let at = rest.lastIndex(of: "@") {
            credentials = try Self.decoded(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        let authority = String(rest.last == "]" || !rest.contains(":") ? rest + ":80" : rest)
        guard let address = try? ListenAddress.parse(authority),
            case .tcp(let host, let port) = address,
            !host.isEmpty, (1...65_535).contains(port),
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F })
        else { throw .malformed }
        self.init(
            address: address,
            authorization: credentials.map { "Basic " + Base64.encode(Array($0.utf8)) })
    }

    private static func decoded(_ credentials: Substring) throws(Problem) -> String {
        // A path's segment undoes the same encoding.
        let segments = try? HTTPTarget.decodePath(
            "/" + credentials.replacing("/", with: "%2F"))
        guard let text = segments?.first, text.contains(":"),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { throw .malformed }
        return text
    }
}
