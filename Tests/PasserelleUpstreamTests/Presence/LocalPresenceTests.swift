// SPDX-License-Identifier: MIT
import PasserelleNet
import Testing

@testable import PasserelleUpstream

struct LocalPresenceTests {
    private let readers: LocalPresence

    init() throws {
        readers = LocalPresence(loop: try EventLoop())
    }

    @Test func `a user is present on the channels it reads, and on no other`() {
        readers.joined(["presence-a", "presence-b"], as: "ann")
        #expect(readers.contains(ChannelUser("presence-a", "ann")))
        #expect(readers.contains(ChannelUser("presence-b", "ann")))
        #expect(!readers.contains(ChannelUser("presence-c", "ann")))
        #expect(!readers.contains(ChannelUser("presence-a", "bob")))
    }

    @Test func `a user is present after a poll, and shortly after leaving`() {
        readers.polled(["presence-a"], as: "ann")
        readers.joined(["presence-a"], as: "bob")
        readers.left(["presence-a"], as: "bob")
        readers.left(["presence-a"], as: "eve")
        #expect(readers.contains(ChannelUser("presence-a", "ann")))
        #expect(readers.contains(ChannelUser("presence-a", "bob")))
        #expect(!readers.contains(ChannelUser("presence-a", "eve")))
    }
}
