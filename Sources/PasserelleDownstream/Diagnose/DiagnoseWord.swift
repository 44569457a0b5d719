// SPDX-License-Identifier: MIT

/// A text of a client that an answer may repeat: lower-case letters and digits only, so that it
/// cannot be anything else to a browser or a proxy.
struct DiagnoseWord: Equatable {
    /// The longest text, in bytes.
    static let bytes = 256

    let text: String

    /// Returns `nil` for any other text.
    init?(_ text: some StringProtocol) {
        guard (1...Self.bytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
        self.text = String(text)
    }
}

extension DiagnoseWord? {
    /// The text in JSON, or `null`.
    var json: String { map { "\"\($0.text)\"" } ?? "null" }
}
