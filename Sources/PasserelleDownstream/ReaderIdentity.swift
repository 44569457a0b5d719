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

    /// Why something cannot be the identity of a member.
    package enum Fault: Error, Equatable, Sendable {
        /// The id is empty, longer than `idCharacters`, or has a control character.
        case badID
        /// The id is the gateway's own.
        case reserved
        /// What is told of the user is no JSON object.
        case badInfo
        /// Both together have more than `memberBytes`.
        case tooLarge
    }

    /// An identity that Channels would take; `userInfo` is JSON on one line, and `reserved` is the gateway's own id, which is nobody
    /// else's.
    package init(
        userID: String, userInfo: [UInt8]?, mayPublish: Bool = true, reserved: String
    ) throws(Fault) {
        let isText = userID.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard !userID.isEmpty, isText, userID.count <= Self.idCharacters else { throw .badID }
        guard userID != reserved else { throw .reserved }
        self.init(userID: userID, userInfo: userInfo, mayPublish: mayPublish)
        let member = ChannelMember(userID: userID, userInfo: userInfo)
        guard member.channelData.count <= Self.memberBytes else { throw .tooLarge }
    }

    /// The identity that a request gives itself, where nobody checks it; `nil` for nobody's.
    package static func claimed(
        user: String?, info: String?, reserved: String
    ) throws(Refusal) -> ReaderIdentity? {
        guard let user else {
            guard info == nil else {
                throw .badRequest("bad-user", "user_info is told of a user: ?user=ID.")
            }
            return nil
        }
        do throws(Fault) {
            return try ReaderIdentity(
                userID: user, userInfo: try info.map(object), reserved: reserved)
        } catch {
            switch error {
            case .badID:
                throw .badRequest(
                    "bad-user", "user has 1 to \(idCharacters) characters, none of control.")
            case .reserved: throw Refusal(403, "forbidden", "That user is the gateway itself.")
            case .badInfo: throw .badRequest("bad-user", "user_info is a JSON object.")
            case .tooLarge:
                throw .badRequest(
                    "bad-user", "user and user_info have at most \(memberBytes) bytes together.")
            }
        }
    }

    private static func object(_ text: String) throws(Fault) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard let root = try? JSONScanner.document(bytes.span), root.kind == .object else {
            throw .badInfo
        }
        var line: [UInt8] = []
        JSONWriter.oneLine(bytes.span, root, into: &line)
        return line
    }
}
