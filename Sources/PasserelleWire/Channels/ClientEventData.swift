// SPDX-License-Identifier: MIT

/// The `userId` inside the data of a client event, by which an application knows who types.
package enum ClientEventData {
    /// The member's name.
    package static let member = "userId"

    /// Why data cannot be sent as a user's.
    package enum Refusal: Error, Equatable, Sendable {
        /// It is no JSON, or no object, so that it cannot say whose it is.
        case notAnObject
        /// It names another user.
        case anotherUser
    }

    /// The data as the user's own, on one line: `userId` is added where it is missing.
    ///
    /// Every `userId` that stands in it is to be the user's: of repeated members one receiver takes
    /// the first and another the last.
    package static func signed(_ data: [UInt8], as userID: String) throws(Refusal) -> [UInt8] {
        guard let root = try? JSONScanner.document(data.span), root.kind == .object else {
            throw .notAnObject
        }
        var isThere = false
        let members = JSONScanner.members(data.span, of: root)
        for (key, value) in members where JSONScanner.equals(data.span, key, member) {
            guard text(of: value, in: data) == userID else { throw .anotherUser }
            isThere = true
        }
        var out: [UInt8] = []
        JSONWriter.oneLine(data.span, root, into: &out)
        guard !isThere else { return out }
        out.removeLast()
        if !members.isEmpty { out.append(UInt8(ascii: ",")) }
        JSONWriter.string(member, into: &out)
        out.append(UInt8(ascii: ":"))
        JSONWriter.string(userID, into: &out)
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// Whose the data says that it is.
    package static func userID(in data: [UInt8]) -> String? {
        guard let root = try? JSONScanner.document(data.span),
            let value = JSONScanner.member(data.span, of: root, named: member)
        else { return nil }
        return text(of: value, in: data)
    }

    /// An id is a string, or the digits of a number.
    private static func text(of value: JSONSlice, in data: [UInt8]) -> String? {
        switch value.kind {
        case .string: JSONScanner.text(data.span, value)
        case .number: String(decoding: data[value.range], as: UTF8.self)
        default: nil
        }
    }
}
