// SPDX-License-Identifier: MIT
import PasserelleWire

/// The members of one JSON object that somebody sent, read by name and kept byte for byte.
struct JSONFields {
    private let bytes: [UInt8]
    private let object: JSONSlice

    /// Takes a whole JSON document, or gives `nil` when it is none, or no object.
    init?(_ bytes: [UInt8]) {
        guard let document = try? JSONScanner.document(bytes.span), document.kind == .object
        else { return nil }
        self.init(bytes, document)
    }

    private init(_ bytes: [UInt8], _ object: JSONSlice) {
        self.bytes = bytes
        self.object = object
    }

    /// The kind of a member's value, or `nil` without the member.
    func kind(_ name: String) -> JSONSlice.Kind? { slice(name)?.kind }

    /// A member's value as it was written, its line breaks turned into spaces.
    func raw(_ name: String) -> [UInt8]? {
        guard let slice = slice(name) else { return nil }
        var line: [UInt8] = []
        JSONWriter.oneLine(bytes.span, slice, into: &line)
        return line
    }

    /// A string member's text.
    func text(_ name: String) -> String? {
        JSONScanner.text(bytes.span, slice(name))
    }

    /// A member that is a string or, as some applications have it, a number.
    func identity(_ name: String) -> String? {
        guard let slice = slice(name) else { return nil }
        switch slice.kind {
        case .string: return JSONScanner.text(bytes.span, slice)
        case .number: return String(decoding: bytes[slice.range], as: UTF8.self)
        default: return nil
        }
    }

    /// An array member's strings, at most `limit` of them; `nil` when it holds anything else.
    func texts(_ name: String, limit: Int) -> [String]? {
        guard let items = items(name) else { return nil }
        var texts: [String] = []
        for item in items.prefix(limit) {
            guard let text = JSONScanner.text(bytes.span, item) else { return nil }
            texts.append(text)
        }
        return texts
    }

    /// How many elements an array member has.
    func count(_ name: String) -> Int? { items(name)?.count }

    /// An array member's objects; `nil` when it is no array or holds anything else.
    func objects(_ name: String) -> [JSONFields]? {
        guard let items = items(name), items.allSatisfy({ $0.kind == .object }) else { return nil }
        return items.map { JSONFields(bytes, $0) }
    }

    private func slice(_ name: String) -> JSONSlice? {
        JSONScanner.member(bytes.span, of: object, named: name)
    }

    private func items(_ name: String) -> [JSONSlice]? {
        guard let slice = slice(name), slice.kind == .array else { return nil }
        return JSONScanner.elements(bytes.span, of: slice)
    }
}
