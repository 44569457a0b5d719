// SPDX-License-Identifier: MIT

/// The `userId` in the data of a client event, which names the sender to the application.
package enum ClientEventData {
    /// The name of the member that holds the user's id.
    package static let member = "userId"

    /// The reason why data cannot be sent in a user's name.
    package enum Refusal: Error, Equatable, Sendable {
        /// The data is not a JSON object, so it cannot hold a `userId`.
        case notAnObject
        /// The data names another user.
        case anotherUser
    }

    /// Returns the data on one line with the user's `userId`, which is added if missing.
    ///
    /// Every `userId` in the data must be the user's: if a member is repeated, some receivers take
    /// the first and others the last.
    package static func signed(_ data: [UInt8], as userID: String) throws(Refusal) -> [UInt8] {
        guard let root = try? JSONScanner.document(data.span), root.kind == .object else {
            throw .notAnObject
        }
        var isThere = false
        let members = JSONScanner.members(data.span, of: root)
        for (key, value) in members where JSONScanner.equals(data.span, key, member) {
            guard let text = JSONScanner.identifier(data.span, value),
                text.utf8.elementsEqual(userID.utf8)
            else { throw .anotherUser }
            isThere = true
        }
        var out = JSONWriter.oneLine(data.span, root)
        guard !isThere else { return out }
        out.removeLast()
        if !members.isEmpty { out.append(UInt8(ascii: ",")) }
        JSONWriter.string(member, into: &out)
        out.append(UInt8(ascii: ":"))
        JSONWriter.string(userID, into: &out)
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// Returns the user that the data names.
    package static func userID(in data: [UInt8]) -> String? {
        JSONObject(data)?.identifier(member)
    }
}
