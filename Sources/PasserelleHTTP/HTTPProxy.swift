// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// An HTTP proxy through which TLS connections are tunnelled (RFC 9110 §9.3.6).
package struct HTTPProxy: Equatable, Sendable {
    /// The reason that a text does not name a usable proxy.
    package enum Problem: Error, Equatable, Sendable {
        /// It is neither `http://[USER:PASSWORD@]HOST[:PORT]` nor `HOST:PORT`.
        case malformed
        /// The scheme is not `http`; proxies are supported over plain HTTP only.
        case scheme
    }

    /// The address of the proxy.
    package var address: ListenAddress
    /// The value of `Proxy-Authorization` if the URL has credentials; a secret.
    package var authorization: String?

    /// Creates a proxy.
    package init(address: ListenAddress, authorization: String? = nil) {
        self.address = address
        self.authorization = authorization
    }

    /// Parses the value of `HTTPS_PROXY`: `http://[USER:PASSWORD@]HOST[:PORT][/]`.
    ///
    /// The scheme is optional, the port defaults to 80, and user and password are percent-encoded.
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
        // `decodePath` undoes the same percent-encoding.
        let segments = try? HTTPTarget.decodePath(
            "/" + credentials.replacing("/", with: "%2F"))
        guard let text = segments?.first, text.contains(":"),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { throw .malformed }
        return text
    }
}

/// The hosts that are reached without the proxy, in the format of `NO_PROXY`.
///
/// A comma-separated list of names. A name covers itself and all its subdomains, with or without a
/// leading dot; with `:PORT`, it covers that port only; `*` covers every host. An address covers
/// only itself.
package struct ProxyBypass: Equatable, Sendable {
    private struct Rule: Equatable {
        /// In lower case, without a leading dot; `nil` for every host.
        var name: String?
        var port: Int?
    }

    private var rules: [Rule] = []

    /// Creates an empty list.
    package init() {}

    /// Parses a list; spaces around names and empty names are ignored.
    package init(_ text: String) {
        rules = text.split { $0 == "," || $0 == " " }.map { Self.rule($0.lowercased()) }
    }

    /// Returns true if a server is to be reached directly.
    package func covers(host: String, port: Int) -> Bool {
        let host = host.lowercased()
        return rules.contains { rule in
            guard rule.port == nil || rule.port == port else { return false }
            guard let name = rule.name else { return true }
            return host == name || host.hasSuffix("." + name)
        }
    }

    private static func rule(_ text: String) -> Rule {
        if text == "*" { return Rule() }
        var name = text[...]
        var port: Int?
        // More than one colon is an IPv6 address; its port follows the brackets.
        let isBracketed = name.first == "["
        if let colon = name.lastIndex(of: ":"), isBracketed || name.firstIndex(of: ":") == colon,
            let number = Int(name[name.index(after: colon)...])
        {
            (name, port) = (name[..<colon], number)
        }
        if isBracketed, name.last == "]" { name = name.dropFirst().dropLast() }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        while name.first == "." { name = name.dropFirst() }
        return Rule(name: String(name), port: port)
    }
}
