// SPDX-License-Identifier: MIT

/// Which hosts are reached without the proxy, as `NO_PROXY` says it.
///
/// Names with commas: each stands for itself and all names under it, a dot in front or not; with
/// `:PORT`, for that port only; `*` for every host. Addresses stand for themselves alone.
package struct ProxyBypass: Equatable, Sendable {
    private struct Rule: Equatable {
        /// In lower case, without the dot in front; nil for every host.
        var name: String?
        var port: Int?
    }

    private var rules: [Rule] = []

    /// Covers nothing.
    package init() {}

    /// Reads the list; blanks around a name and empty names are passed over.
    package init(_ text: String) {
        rules = text.split { $0 == "," || $0 == " " }.map { Self.rule($0.lowercased()) }
    }

    /// Whether a server is reached directly.
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
        // More than one colon is an IPv6 address, which has its port behind brackets.
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
