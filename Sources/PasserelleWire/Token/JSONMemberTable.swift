// SPDX-License-Identifier: MIT

/// The members of a JSON object by name, each of which occurs once.
struct JSONMemberTable {
    private var slices: [String: JSONSlice] = [:]

    /// Parses an object; `nil` if the bytes are not an object.
    init?(_ bytes: [UInt8]) throws(TokenError) {
        guard let root = try? JSONScanner.document(bytes.span), root.kind == .object else {
            return nil
        }
        for (key, value) in JSONScanner.members(bytes.span, of: root) {
            let name = String(decoding: JSONScanner.string(bytes.span, key), as: UTF8.self)
            guard slices.updateValue(value, forKey: name) == nil else { throw .repeatedMember }
        }
    }

    subscript(name: String) -> JSONSlice? { slices[name] }
}
