// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The Inngest event for one absent recipient of one message.
package struct NoticeEvent: Equatable, Sendable {
    package var name: String
    package var message: NoticeMessage
    package var recipient: Member
    /// The part of the channel that the pattern's `*` matched; `nil` if no pattern has a `*`.
    package var bail: String?
    package var link: String?

    /// Creates the event; the same message and recipient always give the same event.
    package init(
        _ message: NoticeMessage, for recipient: Member, configuration: NoticeConfiguration
    ) {
        name = configuration.event
        self.message = message
        self.recipient = recipient
        let bail = configuration.bail(of: message.channel)
        self.bail = bail
        link = configuration.link(bail: bail)
    }

    /// The id by which Inngest drops duplicates: a retry never causes a second mail.
    package var id: String {
        var text: [UInt8] = []
        for part in [name, message.channel, message.identity, recipient.userID] {
            // The length prefix keeps different lists of parts from being encoded alike.
            text += Array("\(part.utf8.count) ".utf8) + Array(part.utf8)
        }
        return "passerelle-" + Hex.encode(Array(Digest.sha256(text).prefix(16)))
    }

    /// The event as JSON, at most `limit` bytes: `user_info` is omitted if it would exceed them.
    package func json(limit: Int = NoticeConfiguration.eventBytes) -> [UInt8] {
        let whole = encoded(userInfo: recipient.userInfo)
        return whole.count <= limit ? whole : encoded(userInfo: nil)
    }

    private func encoded(userInfo: [UInt8]?) -> [UInt8] {
        let recipient: JSONObjectWriter = [
            "id": recipient.userID, "user_info": userInfo.map(RawJSON.init).orNull,
        ]
        let sender: JSONObjectWriter = [
            "id": message.senderID.orNull, "name": message.senderName.orNull,
        ]
        let data: JSONObjectWriter = [
            "channel": message.channel, "bail": bail.orNull, "message_id": message.id.orNull,
            "recipient": recipient, "sender": sender, "preview": message.preview.orNull,
            "link": link.orNull,
        ]
        let event: JSONObjectWriter = [
            "id": id, "name": name, "ts": message.receivedAt.milliseconds, "data": data,
        ]
        return event.finished()
    }
}

extension NoticeConfiguration {
    /// The part that the `*` of the first matching pattern matched.
    fileprivate func bail(of channel: String) -> String? {
        for pattern in channels?.list ?? [] {
            if let star = pattern.star(channel) { return pattern.text.contains("*") ? star : nil }
        }
        return nil
    }

    /// The link with `{bail}` replaced; `nil` if the link needs a bail and there is none.
    fileprivate func link(bail: String?) -> String? {
        guard let link else { return nil }
        let parts = link.split(separator: "{bail}", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return link }
        guard let bail else { return nil }
        return parts.joined(separator: HTTPTarget.encode(bail))
    }
}
