// SPDX-License-Identifier: MIT

package import PasserelleHTTP

/// Validates host names and ports.
package enum HostName {
    /// Returns true if `text` is a host name, an IPv4 address or an IPv6 address without brackets.
    package static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        if bytes.contains(0x3A) {
            return bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2E }
        }
        return bytes.first != 0x2E && bytes.first != 0x2D
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
    }

    /// Returns true if `text` consists of letters, digits and `-_.`, like the ids of applications
    /// and clusters.
    package static func isIdentifier(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
    }

    /// Parses a port from 1 (or 0, if `allowsAny`) to 65535.
    package static func port(_ text: some StringProtocol, allowsAny: Bool = false) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 5,
            text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let port = Int(text), port <= 65_535, port > 0 || allowsAny
        else { return nil }
        return port
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
    }
}

extension WebAddress {
    /// Parses `http://HOST[:PORT][/PATH]` or `https://…`; user names and fragments are refused.
    package init(setting text: String) throws(ValueProblem) {
        let problem = ValueProblem.not("an http or https URL")
        guard let colon = text.firstRange(of: "://") else { throw problem }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard ["http", "https"].contains(scheme) else { throw problem }
        let isTLS = scheme == "https"
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]),
            rest[end...].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
        else { throw problem }
        let target = String(rest[end...])
        self.init(
            isTLS: isTLS, host: host, port: port ?? (isTLS ? 443 : 80),
            target: target.hasPrefix("/") ? target : "/" + target)
    }

    /// Parses a browser origin, `https://HOST[:PORT]`, and returns it as browsers write it: in
    /// lower case, and without the scheme's default port.
    ///
    /// A slash at the end is accepted. Pages of apps and extensions have other schemes, such as
    /// `capacitor://localhost`.
    package static func origin(setting text: String) throws(ValueProblem) -> String {
        let isOpaque = ["null", "file:"].contains { text.lowercased().hasPrefix($0) }
        guard !isOpaque else {
            throw .part(text, is: "is the origin of files and frames of any site, not of one site")
        }
        let trimmed = text.hasSuffix("/") && !text.hasSuffix("//") ? text.dropLast() : text[...]
        if let origin = appOrigin(trimmed) { return origin }
        guard let address = try? WebAddress(setting: String(trimmed)), address.target == "/",
            !trimmed.hasSuffix("/"), !trimmed.hasSuffix("?")
        else { throw .part(text, is: "is not https://HOST or https://HOST:PORT") }
        return address.origin
    }

    /// The schemes of the web, and those of pages without an origin of their own.
    private static let schemesWithoutOrigin: Set<String> = [
        "http", "https", "ws", "wss", "ftp", "data", "blob", "about", "javascript", "vbscript",
        "file", "filesystem", "view-source", "mailto",
    ]

    /// Parses `SCHEME://HOST[:PORT]` with a scheme that is not the web's (RFC 3986 §3.1), or
    /// returns `nil`.
    private static func appOrigin(_ text: Substring) -> String? {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard !schemesWithoutOrigin.contains(scheme), let first = scheme.utf8.first,
            (0x61...0x7A).contains(first),
            HostName.isIdentifier(scheme.replacing("+", with: "-"))
        else { return nil }
        // Electron pages commonly have the origin `app://.`.
        if text[colon.upperBound...] == "." { return scheme + "://." }
        guard let (host, port) = authority(text[colon.upperBound...]), !host.contains(":") else {
            return nil
        }
        return scheme + "://" + host.lowercased() + (port.map { ":\($0)" } ?? "")
    }

    private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var port: Int?
        if let colon = text.lastIndex(of: ":"), text.last != "]" {
            guard let number = HostName.port(text[text.index(after: colon)...]) else { return nil }
            host = text[..<colon]
            port = number
        }
        let isBracketed = host.first == "[" && host.last == "]" && host.utf8.count > 2
        let name = String(isBracketed ? host.dropFirst().dropLast() : host)
        guard HostName.isValid(name), name.contains(":") == isBracketed else { return nil }
        return (name, port)
    }
}
