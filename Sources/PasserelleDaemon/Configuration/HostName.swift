// SPDX-License-Identifier: MIT

/// Knows what may stand where a host is asked for.
enum HostName {
    /// Says whether `text` is a host name, an IPv4 address or an IPv6 address without brackets.
    static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        if bytes.contains(0x3A) {
            return bytes.allSatisfy { isHex($0) || $0 == 0x3A || $0 == 0x2E }
        }
        return bytes.first != 0x2E && bytes.first != 0x2D
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
    }

    /// Says whether `text` is made of letters, digits and `-_.`, as names of applications and
    /// clusters are.
    static func isIdentifier(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F }
    }

    /// Reads a port from 1, or 0 where `allowsAny`, to 65535.
    static func port(_ text: some StringProtocol, allowsAny: Bool = false) -> Int? {
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
