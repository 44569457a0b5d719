// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
import PasserelleWire

/// What is kept of a message until everybody absent was told of it: little of it, and bounded.
package struct NoticeMessage: Equatable, Sendable {
    /// Whom a message is for.
    package enum Recipients: Equatable, Sendable {
        /// Everyone who was seen on its channel.
        case everyone
        /// Those whom it names, each once.
        case named([String])
    }

    /// What may be wrong with the recipients of a message.
    package enum RecipientsFlaw: Equatable, Sendable {
        /// There is nothing at their path: the message is for everyone.
        case nothingThere
        /// What is there is no id and no list of ids: the message is for nobody.
        case nobodyNamed
    }

    package var channel: String
    /// What tells it from every other message of the channel: its own id where it has one.
    package var identity: String
    /// The message's own id.
    package var id: String?
    /// The name by which a later event may take it back.
    package var key: String?
    package var senderID: String?
    package var senderName: String?
    /// The beginning of its text; nil where it has none.
    package var preview: String?
    package var recipients: Recipients
    /// When it came.
    package var heardAt: WallTime
}

extension NoticeMessage {
    /// Reads a message's `data`, whatever that holds; `userID` is the sender that Channels names, `key`
    /// the name by which a later event may take it back.
    ///
    /// The second value says what is wrong with the recipients, if anything is.
    package static func read(
        channel: String, data: [UInt8], userID: String?, key: String?,
        configuration: NoticeConfiguration, at time: WallTime
    ) -> (message: NoticeMessage, flaw: RecipientsFlaw?) {
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
            heardAt: time)
        return (message, flaw)
    }

    /// Nothing and `null` mean everyone; what is there and names nobody means nobody, since a
    /// message that was meant for one must not be shown to all.
    private static func recipients(
        _ bytes: Span<UInt8>, _ root: JSONSlice?, path: [String]?
    ) -> (Recipients, RecipientsFlaw?) {
        guard let path else { return (.everyone, nil) }
        guard let root, let value = JSONScanner.value(bytes, of: root, at: path) else {
            return (.everyone, .nothingThere)
        }
        if value.kind == .null { return (.everyone, nil) }
        if value.kind == .array {
            var seen: Set<String> = []
            let elements = JSONScanner.elements(bytes, of: value)
            var list: [String] = []
            for element in elements where list.count < NoticeConfiguration.recipientsNamed {
                guard let id = identifier(bytes, element), seen.insert(id).inserted else {
                    continue
                }
                list.append(id)
            }
            return (.named(list), list.isEmpty && !elements.isEmpty ? .nobodyNamed : nil)
        }
        let one = identifier(bytes, value)
        return (.named(one.map { [$0] } ?? []), one == nil ? .nobodyNamed : nil)
    }

    /// An id's text; numbers are ids too.
    private static func identifier(_ bytes: Span<UInt8>, _ value: JSONSlice) -> String? {
        let text: String?
        switch value.kind {
        case .string: text = JSONScanner.text(bytes, value)
        case .number: text = String(copying: bytes.extracting(value.range))
        case .object, .array, .true, .false, .null: text = nil
        }
        guard let text, !text.isEmpty, text.utf8.count <= NoticeConfiguration.idBytes else {
            return nil
        }
        return text
    }
}
