// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ChannelNameTests {
    @Test(
        arguments: [
            ("room", .public, false), ("cache-room", .public, true),
            ("private-room", .private, false),
            ("private-cache-room", .private, true), ("private-encrypted-room", .encrypted, false),
            ("private-encrypted-cache-room", .encrypted, true), ("presence-room", .presence, false),
            ("presence-cache-room", .presence, true), ("private-a_b=c@d,e.f;g", .private, false),
            ("private", .public, false), ("presence", .public, false),
            ("Private-x", .public, false),
            ("xcache-room", .public, false), ("-", .public, false),
        ] as [(String, ChannelName.Kind, Bool)])
    func `a name's prefix sets its kind`(text: String, kind: ChannelName.Kind, isCache: Bool)
        throws
    {
        let name = try ChannelName(text)
        #expect(name.text == text)
        #expect(name.kind == kind)
        #expect(name.isCache == isCache)
    }

    @Test func `a name has at most 164 characters`() throws {
        for count in [1, 163, 164] {
            #expect(throws: Never.self) { try ChannelName(String(repeating: "a", count: count)) }
        }
        #expect(throws: ChannelNameError.tooLong(limit: 164)) {
            try ChannelName(String(repeating: "a", count: 165))
        }
        #expect(throws: ChannelNameError.empty) { try ChannelName("") }
    }

    @Test(arguments: [
        "a b", "a/b", "a#b", "é", "a\n", "a\0", "a%20b", "a:b", "a*", "\u{301}a",
        "#server-to-user-1", "a\"",
    ])
    func `a name with another character is refused`(text: String) {
        #expect(throws: ChannelNameError.badCharacter) { try ChannelName(text) }
    }

    @Test func `a server-to-user channel is accepted only if it is allowed`() throws {
        let name = try ChannelName("#server-to-user-u1", allowsServerToUser: true)
        #expect(name.kind == .serverToUser)
        #expect(!name.isCache)
        for text in ["#server-to-user-", "#server-to-user-a b", "#other-u1", "#"] {
            #expect(throws: ChannelNameError.badCharacter) {
                try ChannelName(text, allowsServerToUser: true)
            }
        }
        #expect(try ChannelName("room", allowsServerToUser: true).kind == .public)
    }

    @Test(arguments: [
        ("123.456", true), ("1.2", true), ("0.0", true), ("", false), (".", false), ("1.", false),
        (".1", false), ("1", false), ("1.2.3", false), ("1.a", false), ("-1.2", false),
        ("1.2\n", false),
        ("１.２", false),
    ])
    func `a socket id is two numbers with a dot`(text: String, isValid: Bool) {
        #expect(SocketID.isHosted(text) == isValid)
    }

    @Test func `an event name has 1 to 200 characters and no control characters`() {
        #expect(EventName.isValid("new message é 👍"))
        for count in [1, 199, 200] {
            #expect(EventName.isValid(String(repeating: "é", count: count)))
        }
        for name in ["", String(repeating: "a", count: 201), "a\nb", "a\0", "\u{7F}"] {
            #expect(!EventName.isValid(name))
        }
        #expect(EventName.isReserved("pusher:x") && EventName.isReserved("pusher-x"))
        #expect(!EventName.isReserved("Pusher:x") && !EventName.isReserved("push"))
        #expect(EventName.isClientEvent("client-typing"))
        #expect(!EventName.isClientEvent("client") && !EventName.isClientEvent("xclient-a"))
    }
}
