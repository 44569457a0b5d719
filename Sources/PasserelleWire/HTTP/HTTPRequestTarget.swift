// SPDX-License-Identifier: MIT

/// Decides what a request asks for and of whom (RFC 9112 §3.2 and §3.3).
enum HTTPRequestTarget {
    /// Checks target and `Host` together, and brings an absolute form to the origin form.
    ///
    /// The host of an absolute form replaces the field's, as RFC 9112 §3.2.2 demands.
    static func settle(_ request: inout HTTPRequest) throws(HTTPError) {
        guard request.method != "CONNECT" else { throw .tunnelRefused }
        let hosts = request.fields.count(of: "host")
        guard hosts <= 1 else { throw .repeatedHost }
        guard hosts == 1 || request.version == .http10 else { throw .missingHost }
        if let host = request.fields.first("host"), !isHost(host.utf8[...]) {
            throw .malformedHost
        }
        let target = request.target.utf8
        if target.first == 0x2F { return }
        if request.target == "*" {
            guard request.method == "OPTIONS" else { throw .malformedTarget }
            return
        }
        try settleAbsolute(&request)
    }

    private static func settleAbsolute(_ request: inout HTTPRequest) throws(HTTPError) {
        let target = request.target.utf8
        guard let mark = target.firstIndex(of: 0x3A) else { throw .malformedTarget }
        let scheme = request.target[..<mark].lowercased()
        let rest = target[mark...]
        guard scheme == "http" || scheme == "https", rest.starts(with: "://".utf8) else {
            throw .malformedTarget
        }
        let authority = rest.dropFirst(3).prefix { $0 != 0x2F && $0 != 0x3F }
        guard isHost(authority), let host = String(authority) else { throw .malformedTarget }
        let path = request.target[authority.endIndex...]
        request.fields.set("Host", host)
        request.target = path.first == "/" ? String(path) : "/" + path
    }

    /// Tells whether the text is a host with or without a port: a name, IPv4, or IPv6 in brackets.
    static func isHost(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        if rest.first == 0x5B {
            guard let end = rest.firstIndex(of: 0x5D) else { return false }
            let address = rest[rest.index(after: rest.startIndex)..<end]
            guard !address.isEmpty, address.allSatisfy(isAddressByte) else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            let name = rest.prefix(while: isNameByte)
            guard !name.isEmpty else { return false }
            rest = rest[name.endIndex...]
        }
        guard let colon = rest.first else { return true }
        return colon == 0x3A && rest.count <= 6 && rest.dropFirst().allSatisfy(HTTPSyntax.isDigit)
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte == 0x3A || byte == 0x2E || HTTPSyntax.hexValue(byte) != nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x25, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
        default: false
        }
    }
}
