// SPDX-License-Identifier: MIT
import PasserelleNet
import Testing

@testable import PasserelleUpstream

struct LocalReadersTests {
    private let readers: LocalReaders

    init() throws {
        readers = LocalReaders(loop: try EventLoop())
    }

    @Test func `who reads is there, on that channel and no other`() {
        readers.joined(["presence-a", "presence-b"], as: "ann")
        #expect(readers.contains(Attendee("presence-a", "ann")))
        #expect(readers.contains(Attendee("presence-b", "ann")))
        #expect(!readers.contains(Attendee("presence-c", "ann")))
        #expect(!readers.contains(Attendee("presence-a", "bob")))
    }

    @Test func `who polled, and who just left, is still there`() {
        readers.polled(["presence-a"], as: "ann")
        readers.joined(["presence-a"], as: "bob")
        readers.left(["presence-a"], as: "bob")
        readers.left(["presence-a"], as: "eve")
        #expect(readers.contains(Attendee("presence-a", "ann")))
        #expect(readers.contains(Attendee("presence-a", "bob")))
        #expect(!readers.contains(Attendee("presence-a", "eve")))
    }
}
