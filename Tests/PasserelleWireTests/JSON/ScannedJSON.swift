// SPDX-License-Identifier: MIT
import PasserelleWire

/// A scanned document with its bytes, so that a test can read a value in one expression.
struct ScannedJSON {
    let bytes: [UInt8]
    let root: JSONSlice

    init(_ bytes: [UInt8], maximumDepth: Int = JSONScanner.maximumDepth) throws(JSONError) {
        self.bytes = bytes
        root = try JSONScanner.document(bytes.span, maximumDepth: maximumDepth)
    }

    init(_ text: String, maximumDepth: Int = JSONScanner.maximumDepth) throws(JSONError) {
        try self.init(Array(text.utf8), maximumDepth: maximumDepth)
    }

    /// Returns the value at a path as it is written in the document.
    func raw(_ path: String...) -> String? {
        JSONScanner.value(bytes.span, of: root, at: path).map(source)
    }

    func text(_ path: String...) -> String? {
        JSONScanner.text(bytes.span, JSONScanner.value(bytes.span, of: root, at: path))
    }

    func integer(_ path: String...) -> Int? {
        JSONScanner.integer(bytes.span, JSONScanner.value(bytes.span, of: root, at: path))
    }

    func members() -> [(key: JSONSlice, value: JSONSlice)] {
        JSONScanner.members(bytes.span, of: root)
    }

    func elements() -> [JSONSlice] {
        JSONScanner.elements(bytes.span, of: root)
    }

    func unescaped() -> [UInt8] {
        JSONScanner.string(bytes.span, root)
    }

    func oneLine() -> String {
        String(decoding: JSONWriter.oneLine(bytes.span, root), as: UTF8.self)
    }

    func source(_ slice: JSONSlice) -> String {
        String(decoding: bytes[slice.range], as: UTF8.self)
    }
}
