// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of the Channels protocol for any server or client message.
enum ChannelsRules {
    /// Checks that messages survive re-encoding, that an event's data is JSON on one line, and that
    /// a client's data never names another user.
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
