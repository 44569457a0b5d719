// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The parts of a message that are kept until its notices are settled; bounded in size.
package struct NoticeMessage: Equatable, Sendable {
    /// The recipients of a message.
    package enum Recipients: Equatable, Sendable {
        /// Every user seen on the channel.
        case everyone
        /// The users named by the message, without duplicates.
        case named([String])
    }

    /// Possible errors in the recipients of a message.
    package enum RecipientsError: Equatable, Sendable {
        /// There is no value at the path: the message is for every user seen on the channel.
        case missing
        /// The value is neither an id nor a list of ids: the message has no recipients.
        case invalid
    }

    package var channel: String
    /// Identifies the message within its channel: its own id, or else a digest of its data.
    package var identity: String
    /// The message's own id.
    package var id: String?
    /// The key by which a later event can retract the message.
    package var key: String?
    package var senderID: String?
    package var senderName: String?
    /// The beginning of the text; `nil` if the message has none.
    package var preview: String?
    package var recipients: Recipients
    /// The time the message was received.
    package var receivedAt: WallTime
}

extension NoticeMessage {
    /// Parses a message's `data`, which may be any bytes; also returns the error in its recipients.
    ///
    /// `userID` is the sender named by Channels, `key` the key by which a later event can retract
    /// the message.
    package static func read(
        channel: String, data: [UInt8], userID: String?, key: String?,
        configuration: NoticeConfiguration, at time: WallTime
    ) -> (message: NoticeMessage, flaw: RecipientsError?) {
        let bytes = data.span
        let root = try? JSONScanner.document(bytes)
        let around = root.flatMap {
            JSONScanner.value(bytes, of: $0, at: Array(configuration.sender.dropLast()))
        }
        func text(_ path: [String]) -> String? {
            around.flatMap { JSONScanner.value(bytes, of: $0, at: path) }
                .flatMap { JSONScanner.text(bytes, $0) }
        }
        let own = around.flatMap { JSONScanner.value(bytes, of: $0, at: ["id"]) }
        let sender = root.flatMap { JSONScanner.value(bytes, of: $0, at: configuration.sender) }
        let id = own.flatMap { identifier(bytes, $0) }
        let (recipients, flaw) = recipients(bytes, root, path: configuration.recipients)
        let message = NoticeMessage(
            channel: channel, identity: id ?? Hex.encode(Digest.sha256(data)), id: id,
            key: key,
            senderID: sender.flatMap { identifier(bytes, $0) } ?? userID,
            senderName: text(["sender", "name"]).map { Preview.cut($0) },
            preview: text(["content"]).map { Preview.cut($0) }, recipients: recipients,
            receivedAt: time)
        return (message, flaw)
    }

    /// A missing value or `null` means every user seen on the channel; a value that names no user
    /// means no recipients, since a message meant for one user must not be shown to all.
    private static func recipients(
        _ bytes: Span<UInt8>, _ root: JSONSlice?, path: [String]?
    ) -> (Recipients, RecipientsError?) {
        guard let path else { return (.everyone, nil) }
        guard let root, let value = JSONScanner.value(bytes, of: root, at: path) else {
            return (.everyone, .missing)
        }
        if value.kind == .null { return (.everyone, nil) }
        if value.kind == .array {
            var seen: Set<ByteKey> = []
            let elements = JSONScanner.elements(bytes, of: value)
            var list: [String] = []
            for element in elements where list.count < NoticeConfiguration.recipientsNamed {
                guard let id = identifier(bytes, element), seen.insert(ByteKey(id)).inserted else {
                    continue
                }
                list.append(id)
            }
            return (.named(list), list.isEmpty && !elements.isEmpty ? .invalid : nil)
        }
        let one = identifier(bytes, value)
        return (.named(one.map { [$0] } ?? []), one == nil ? .invalid : nil)
    }

    /// The text of an id, which may be a number.
    private static func identifier(_ bytes: Span<UInt8>, _ value: JSONSlice) -> String? {
        guard let text = JSONScanner.identifier(bytes, value), !text.isEmpty,
            text.utf8.count <= NoticeConfiguration.idBytes
        else { return nil }
        return text
    }
}
