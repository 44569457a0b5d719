// SPDX-License-Identifier: MIT

/// The validation of a request's target and host (RFC 9112 §3.2 and §3.3).
enum HTTPRequestTarget {
    /// Checks target and `Host` together, and converts an absolute form to the origin form.
    ///
    /// The host of an absolute form replaces the field's, as RFC 9112 §3.2.2 requires.
    static func normalize(_ request: inout HTTPRequest) throws(HTTPError) {
        guard request.method != "CONNECT" else { throw .tunnelRefused }
        let hosts = request.fields.count(of: "host")
        guard hosts <= 1 else { throw .repeatedHost }
        guard hosts == 1 || request.version == .http10 else { throw .missingHost }
        var isWellFormed = true
        request.fields.read("host") { isWellFormed = isHost($0) }
        guard isWellFormed else { throw .malformedHost }
        let target = request.target.utf8
        if target.first == 0x2F { return }
        if request.target == "*" {
            guard request.method == "OPTIONS" else { throw .malformedTarget }
            return
        }
        try normalizeAbsolute(&request)
    }

    private static func normalizeAbsolute(_ request: inout HTTPRequest) throws(HTTPError) {
        let target = request.target.utf8
        guard let mark = target.firstIndex(of: 0x3A) else { throw .malformedTarget }
        let scheme = request.target[..<mark].lowercased()
        let rest = target[mark...]
        guard scheme == "http" || scheme == "https", rest.starts(with: "://".utf8) else {
            throw .malformedTarget
        }
        let authority = rest.dropFirst(3).prefix { $0 != 0x2F && $0 != 0x3F }
        guard let host = String(authority), isHost(host.utf8.span) else { throw .malformedTarget }
        let path = request.target[authority.endIndex...]
        request.fields.set("Host", host)
        request.target = path.first == "/" ? String(path) : "/" + path
    }

    /// Returns true if the text is a name, IPv4, or IPv6 in brackets, with or without a port.
    static func isHost(_ text: Span<UInt8>) -> Bool {
        var index = 0
        if text.count > 0, text[0] == 0x5B {
            index = 1
            while index < text.count, isAddressByte(text[index]) { index += 1 }
            guard index > 1, index < text.count, text[index] == 0x5D else { return false }
            index += 1
        } else {
            while index < text.count, isNameByte(text[index]) { index += 1 }
            guard index > 0 else { return false }
        }
        guard index < text.count else { return true }
        guard text[index] == 0x3A, text.count - index <= 6 else { return false }
        for digit in index + 1..<text.count where !HTTPSyntax.isDigit(text[digit]) { return false }
        return true
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
