// SPDX-License-Identifier: MIT

extension WebAddress: CustomStringConvertible {
    /// Reads `http://HOST[:PORT][/PATH]` or `https://…`; user names and fragments are refused.
    package init(setting text: String) throws(ValueProblem) {
        let problem = ValueProblem.not("an http or https URL")
        let isTLS = text.hasPrefix("https://")
        guard isTLS || text.hasPrefix("http://") else { throw problem }
        let rest = text.dropFirst(isTLS ? 8 : 7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]),
            rest[end...].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
        else { throw problem }
        let target = String(rest[end...])
        self.init(
            isTLS: isTLS, host: host, port: port ?? (isTLS ? 443 : 80),
            target: target.hasPrefix("/") ? target : "/" + target)
    }

    /// Reads a browser origin, `https://HOST[:PORT]` with nothing behind it, and gives it as
    /// browsers write it: in lower case, and without the scheme's own port.
    package static func origin(setting text: String) throws(ValueProblem) -> String {
        guard let address = try? WebAddress(setting: text), address.target == "/",
            !text.hasSuffix("/"), !text.hasSuffix("?")
        else { throw .part(text, is: "is not https://HOST or https://HOST:PORT") }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let isUsual = address.port == (address.isTLS ? 443 : 80)
        return (address.isTLS ? "https://" : "http://") + host.lowercased()
            + (isUsual ? "" : ":\(address.port)")
    }

    /// The URL again, which `init(setting:)` reads.
    package var description: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(isTLS ? "https" : "http")://\(host):\(port)\(target)"
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
