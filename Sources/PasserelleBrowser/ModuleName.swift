// SPDX-License-Identifier: MIT

/// The name of a file of the browser module, such as `passerelle-react.d.ts`.
struct ModuleName: Equatable {
    /// The longest version in a name, in bytes; a longer one names no file.
    static let versionBytes = 32

    /// The part before the first dot, such as `passerelle-react`.
    let stem: String
    /// The rest, such as `.d.ts`.
    let ending: String

    /// Splits a name at its first dot.
    init(_ name: String) {
        let dot = name.firstIndex(of: ".") ?? name.endIndex
        stem = String(name[..<dot])
        ending = String(name[dot...])
    }

    /// The name without a version.
    var plain: String { stem + ending }

    /// Returns the name with a version: `passerelle-react-1.2.3.d.ts`.
    func text(version: String) -> String { "\(stem)-\(version)\(ending)" }

    /// True if `text` is the name with any version; a version begins with a digit, which
    /// distinguishes it from the names of other files.
    func isVersioned(_ text: String) -> Bool {
        let text = text.utf8
        let fixed = stem.utf8.count + 1 + ending.utf8.count
        guard text.starts(with: stem.utf8), text.count > fixed,
            text.count <= fixed + Self.versionBytes,
            text.suffix(ending.utf8.count).elementsEqual(ending.utf8)
        else { return false }
        let rest = text.dropFirst(stem.utf8.count)
        let version = rest.dropFirst().dropLast(ending.utf8.count)
        guard rest.first == UInt8(ascii: "-"), let first = version.first, Self.isDigit(first) else {
            return false
        }
        return version.allSatisfy(Self.isInVersion)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// True for letters, digits, and the signs of a semantic version.
    private static func isInVersion(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
        default: isDigit(byte)
        }
    }
}
