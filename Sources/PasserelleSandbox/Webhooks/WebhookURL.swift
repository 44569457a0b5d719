// SPDX-License-Identifier: MIT

/// Why a text is no URL that a web hook could be sent to.
package enum WebhookURLError: Error, Equatable, Sendable {
    /// It begins neither with `http://` nor with `https://`.
    case noScheme
    /// It has no host, or a user name before it.
    case noHost
    /// Its port is none.
    case badPort
    /// It has a character that no request line may hold, or a fragment.
    case badCharacter
}

extension WebhookURLError: CustomStringConvertible {
    /// One sentence that says what a web hook's URL is.
    package var description: String {
        switch self {
        case .noScheme: "A web hook's URL starts with http:// or https://"
        case .noHost: "A web hook's URL has a host and no user name"
        case .badPort: "A web hook's port is a number from 1 to 65535"
        case .badCharacter: "A web hook's URL has no spaces, control characters or fragment"
        }
    }
}

/// Where web hooks are sent to: an `http` or `https` URL, read once.
struct WebhookURL: Equatable {
    /// Whether the scheme is `https`.
    let isTLS: Bool
    /// Without the brackets of an IPv6 address.
    let host: String
    /// The scheme's own where the URL has none.
    let port: Int
    /// The path and query that the request asks for.
    let target: String
    /// What stands in the `Host` field.
    let authority: String

    /// Reads an absolute URL.
    init(_ text: String) throws(WebhookURLError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw .badCharacter
        }
        let rest: Substring
        if text.hasPrefix("http://") {
            isTLS = false
            rest = text.dropFirst(7)
        } else if text.hasPrefix("https://") {
            isTLS = true
            rest = text.dropFirst(8)
        } else {
            throw .noScheme
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count)
        target = path.hasPrefix("/") ? String(path) : "/" + path
        self.authority = String(authority)
        (host, port) = try WebhookURL.split(authority, standardPort: isTLS ? 443 : 80)
    }

    private static func split(
        _ authority: Substring, standardPort: Int
    ) throws(WebhookURLError) -> (host: String, port: Int) {
        guard !authority.contains("@") else { throw .noHost }
        let host: Substring
        var rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw .noHost }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
        }
        guard !host.isEmpty else { throw .noHost }
        guard !rest.isEmpty else { return (String(host), standardPort) }
        guard rest.removeFirst() == ":", let port = Int(rest), (1...65_535).contains(port) else {
            throw .badPort
        }
        return (String(host), port)
    }
}
