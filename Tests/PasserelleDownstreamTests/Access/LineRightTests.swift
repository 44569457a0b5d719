// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import Testing

/// The rights of local users on the Unix socket; the peer of every test is the test's own user.
struct LineRightTests {
    private func fixture(_ rights: [UInt32: LineRight]?) throws -> DownstreamFixture {
        try DownstreamFixture { configuration, _ in configuration.lineRights = rights }
    }

    private let readOnly =
        "ERR forbidden This user may only read. Grant publish in socket users."

    @Test func `a user who is not on the list is refused and disconnected`() throws {
        let fixture = try fixture([getuid() &+ 1: .publish])
        let line = try fixture.line()
        line.send("PING\nSUBSCRIBE presence-a\n")
        let (bytes, isEnded) = try line.read()
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "ERR forbidden This user may not use the socket. List the user in"
                + " socket users.\n")
        #expect(isEnded && fixture.downstream.lines.connectionCount == 0)
        #expect(fixture.downstream.tally.refusals == 1)
    }

    @Test func `a user with read rights can read and query, and cannot send`() throws {
        let fixture = try fixture([getuid(): .read])
        let line = try fixture.line()
        line.send(
            "PUBLISH presence-a e {}\nTYPING presence-a anne on\ntyping presence-a anne off\n"
                + "REVOKE anne\nrevoke anne presence-a\n")
        #expect(try line.lines() == Array(repeating: readOnly, count: 5))
        #expect(fixture.revoked == [] && fixture.tracker == [])
        line.send("PING\nSTATUS\nCHANNELS\nMEMBERS presence-a\nHISTORY presence-a\n")
        line.send("SUBSCRIBE presence-a\n")
        var lines = try line.lines()
        line.send("UNSUBSCRIBE presence-a\n")
        lines += try line.lines()
        #expect(lines.count == 7 && lines.allSatisfy { $0.hasPrefix("OK ") }, "\(lines)")
        #expect(fixture.sent == [] && fixture.published.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a publisher has all rights, and so has every user without a list`(hasList: Bool) throws {
        let fixture = try fixture(hasList ? [getuid(): .publish] : nil)
        let line = try fixture.line()
        line.send("TYPING presence-a anne on\nPUBLISH presence-a e {}\n")
        #expect(try line.lines() == ["OK TYPING presence-a"])
        #expect(fixture.sent.count == 1 && fixture.published.count == 1)
    }
}
