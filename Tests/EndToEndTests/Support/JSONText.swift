// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire

/// A JSON document from which a test reads values by their paths.
struct JSONText {
    let bytes: [UInt8]
    private let root: JSONSlice

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        do {
            root = try JSONScanner.document(bytes.span)
        } catch {
            throw TestFailure("no JSON (\(error)): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The names of the outermost object's members, in order.
    var names: [String] {
        JSONScanner.members(bytes.span, of: root).compactMap {
            JSONScanner.text(bytes.span, $0.key)
        }
    }

    /// A value as its own bytes.
    func raw(_ path: [String]) throws -> String {
        String(decoding: bytes[try slice(path).range], as: UTF8.self)
    }

    /// The text of a string.
    func string(_ path: [String]) throws -> String {
        guard let text = JSONScanner.text(bytes.span, try slice(path)) else {
            throw TestFailure("\(path) is no string in \(text)")
        }
        return text
    }

    func number(_ path: [String]) throws -> Int {
        guard let number = Int(try raw(path)) else {
            throw TestFailure("\(path) is no number in \(text)")
        }
        return number
    }

    /// The elements of an array, each as its own bytes.
    func elements(_ path: [String]) throws -> [[UInt8]] {
        JSONScanner.elements(bytes.span, of: try slice(path)).map { Array(bytes[$0.range]) }
    }

    /// One string of each element of an array.
    func strings(at path: [String], each name: String) throws -> [String] {
        try elements(path).map { try JSONText($0).string([name]) }
    }

    /// A string and the bytes of a value, of each element of an array.
    func pairs(at path: [String], _ key: String, _ value: String) throws -> [String: String] {
        var pairs: [String: String] = [:]
        for element in try elements(path) {
            let json = try JSONText(element)
            pairs[try json.string([key])] = try json.raw([value])
        }
        return pairs
    }

    /// The names of an object's members, each with its value's bytes.
    func members(_ path: [String]) throws -> [String: String] {
        var members: [String: String] = [:]
        for (key, value) in JSONScanner.members(bytes.span, of: try slice(path)) {
            guard let name = JSONScanner.text(bytes.span, key) else { continue }
            members[name] = String(decoding: bytes[value.range], as: UTF8.self)
        }
        return members
    }

    private func slice(_ path: [String]) throws -> JSONSlice {
        guard let slice = JSONScanner.value(bytes.span, of: root, at: path) else {
            throw TestFailure("there is no \(path) in \(text)")
        }
        return slice
    }
}
