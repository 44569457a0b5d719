// SPDX-License-Identifier: MIT

import PasserelleWire

/// Who somebody is who reads or sends: filled in by the way in which they were admitted.
package struct ReaderIdentity: Equatable, Sendable {
    /// The longest id, in characters, as Channels has it.
    package static let idCharacters = 128
    /// The most bytes that an id and what is told of its user may have together, as the JSON that
    /// Channels is given.
    package static let memberBytes = 1024

    /// The user's id.
    package let userID: String
    /// What others are told of the user: one JSON value on one line.
    package var userInfo: [UInt8]?
    /// Whether the user may send.
    package var mayPublish = true

    package init(userID: String, userInfo: [UInt8]? = nil, mayPublish: Bool = true) {
        self.userID = userID
        self.userInfo = userInfo
        self.mayPublish = mayPublish
    }

    /// The identity that a request gives itself, where nobody checks it; `nil` for nobody's.
    ///
    /// `reserved` is the gateway's own id, which is nobody else's.
    package static func claimed(
        user: String?, info: String?, reserved: String
    ) throws(Refusal) -> ReaderIdentity? {
        guard let user else {
            guard info == nil else {
                throw .badRequest("bad-user", "user_info is told of a user: ?user=ID.")
            }
            return nil
        }
        let isText = user.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard !user.isEmpty, isText, user.count <= idCharacters else {
            throw .badRequest(
                "bad-user", "user has 1 to \(idCharacters) characters, none of control.")
        }
        guard user != reserved else {
            throw Refusal(403, "forbidden", "That user is the gateway itself.")
        }
        let identity = ReaderIdentity(userID: user, userInfo: try info.map(Self.info))
        let member = ChannelMember(userID: user, userInfo: identity.userInfo)
        guard member.channelData.count <= memberBytes else {
            throw .badRequest(
                "bad-user", "user and user_info have at most \(memberBytes) bytes together.")
        }
        return identity
    }

    private static func info(_ text: String) throws(Refusal) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard let root = try? JSONScanner.document(bytes.span), root.kind == .object else {
            throw .badRequest("bad-user", "user_info is a JSON object.")
        }
        var line: [UInt8] = []
        JSONWriter.oneLine(bytes.span, root, into: &line)
        return line
    }
}
