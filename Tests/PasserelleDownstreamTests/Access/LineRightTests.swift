// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import Testing

/// What users of this host may do on the Unix socket; the peer of every test is our own user.
struct LineRightTests {
    private func scene(_ rights: [UInt32: LineRight]?) throws -> Scene {
        try Scene { configuration, _ in configuration.lineRights = rights }
    }

    private let readOnly =
        "ERR forbidden This user may only read here; PASSERELLE_IPC_USERS says who may send."

    @Test func `who is not on the list is told so, and must go`() throws {
        let scene = try scene([getuid() &+ 1: .publish])
        let line = try scene.line()
        line.send("PING\nSUBSCRIBE presence-a\n")
        let (bytes, isEnded) = try line.read()
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "ERR forbidden This user may not use the socket; PASSERELLE_IPC_USERS says who"
                + " may.\n")
        #expect(isEnded && scene.downstream.lines.connectionCount == 0)
        #expect(scene.downstream.tally.refusals == 1)
    }

    @Test func `a reader reads and asks, and sends nothing`() throws {
        let scene = try scene([getuid(): .read])
        let line = try scene.line()
        line.send(
            "PUBLISH presence-a e {}\nTYPING presence-a anne on\ntyping presence-a anne off\n")
        #expect(try line.lines() == [readOnly, readOnly, readOnly])
        line.send("PING\nSTATUS\nCHANNELS\nMEMBERS presence-a\nHISTORY presence-a\n")
        line.send("SUBSCRIBE presence-a\n")
        var lines = try line.lines()
        line.send("UNSUBSCRIBE presence-a\n")
        lines += try line.lines()
        #expect(lines.count == 7 && lines.allSatisfy { $0.hasPrefix("OK ") }, "\(lines)")
        #expect(scene.sent == [] && scene.published.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a publisher may do everything, and without a list everybody`(hasList: Bool) throws {
        let scene = try scene(hasList ? [getuid(): .publish] : nil)
        let line = try scene.line()
        line.send("TYPING presence-a anne on\nPUBLISH presence-a e {}\n")
        #expect(try line.lines() == ["OK TYPING presence-a"])
        #expect(scene.sent.count == 1 && scene.published.count == 1)
    }
}
