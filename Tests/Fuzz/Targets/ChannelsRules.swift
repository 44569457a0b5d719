// SPDX-License-Identifier: MIT
import PasserelleWire

/// What holds for the Channels protocol, whatever a server or a client says.
enum ChannelsRules {
    /// A message that was understood is understood as the same when it is written again, an event's
    /// data is JSON on one line, and a client's data never comes to speak for somebody else.
    static func messages(_ bytes: [UInt8]) {
        if let message = try? ServerMessage.parse(bytes.span) {
            if case .event(_, _, let data, _) = message { checkLine(data) }
            let again = message.encoded()
            if case .ignored = message {
            } else {
                hold(
                    "a server's message survives", (try? ServerMessage.parse(again.span)) == message
                )
            }
        }
        if let message = try? ClientMessage.parse(bytes.span) {
            hold(
                "a client's message survives",
                (try? ClientMessage.parse(message.encoded().span)) == message)
        }
        if let signed = try? ClientEventData.signed(bytes, as: "ana") {
            hold("signed data is its user's", ClientEventData.userID(in: signed) == "ana")
            checkLine(signed)
        }
    }

    private static func checkLine(_ data: [UInt8]) {
        hold("data is JSON", (try? JSONScanner.document(data.span)) != nil)
        hold("data is one line", !data.contains { $0 == 10 || $0 == 13 })
    }
}
