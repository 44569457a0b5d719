// SPDX-License-Identifier: MIT

/// The identity of a reader or sender, as determined by its authorization.
package struct ReaderIdentity: Equatable, Sendable {
    /// The maximum length of an id, in characters, as Channels defines it.
    package static let idCharacters = 128
    /// The maximum size of an id and its `user_info` together, in bytes, as JSON sent to Channels.
    package static let memberBytes = 1024

    /// The user's id.
    package let userID: String
    /// The user's `user_info`, which other members receive: one JSON value on one line.
    package var userInfo: [UInt8]?
    /// True if the user may send client events.
    package var mayPublish = true
    /// False if Channels would not accept the user as a member; the reader then reads without a
    /// member, and a revocation of the user ends it.
    package private(set) var canBeMember = true

    /// Returns an identity that has only an id and cannot be a member.
    package static func unfit(_ userID: String) -> ReaderIdentity {
        ReaderIdentity(userID: userID, canBeMember: false)
    }

    /// The reason why a value cannot be a member's identity.
    package enum Fault: Error, Equatable, Sendable {
        /// The id is empty, longer than `idCharacters`, or has a control character.
        case badID
        /// The id is the gateway's own.
        case reserved
        /// The `user_info` is not a JSON object.
        case badInfo
        /// Together they exceed `memberBytes`.
        case tooLarge

        /// The description, for a log line.
        package var words: String {
            switch self {
            case .badID:
                "its user_id is empty, has more than \(idCharacters) characters, or has a control"
                    + " character"
            case .reserved: "its user_id is the gateway's own"
            case .badInfo: "its user_info is not a JSON object"
            case .tooLarge:
                "its user_id and user_info have more than \(memberBytes) bytes together"
            }
        }
    }
}

extension ReaderIdentity {
    /// Creates an identity that Channels would accept; `userInfo` is JSON on one line, and
    /// `reserved` is the gateway's own id, which no reader may have.
    package init(
        userID: String, userInfo: [UInt8]?, mayPublish: Bool = true, reserved: String
    ) throws(Fault) {
        let isText = userID.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard !userID.isEmpty, isText, userID.count <= Self.idCharacters else { throw .badID }
        guard !userID.utf8.elementsEqual(reserved.utf8) else { throw .reserved }
        guard userInfo?.first ?? UInt8(ascii: "{") == UInt8(ascii: "{") else { throw .badInfo }
        self.init(userID: userID, userInfo: userInfo, mayPublish: mayPublish)
        let member = ChannelMember(userID: userID, userInfo: userInfo)
        guard member.channelData.count <= Self.memberBytes else { throw .tooLarge }
    }
}

/// The auth route's decision about one reader and one channel.
package enum AuthRouteAnswer: Equatable, Sendable {
    /// Approved with a valid signature, as this user if the route names one. `defect` is the reason
    /// why Channels would not accept the user as a member.
    case admitted(ReaderIdentity?, defect: String? = nil)
    /// Refused with this status: 401, another 4xx, or a redirect.
    case refused(status: Int)
    /// No decision; the text states the reason.
    case failed(String)
}
