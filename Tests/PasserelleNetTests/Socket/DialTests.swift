// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct DialTests {
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    private func address(_ host: String, _ port: Int) throws -> SocketAddress {
        try #require(SocketAddress(numericHost: host, port: UInt16(port)))
    }

    /// A port of 127.0.0.1 without a listener.
    private func deadPort() throws -> Int {
        let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) { _ in }
        defer { listener.close() }
        return try #require(listener.boundPort)
    }

    @Test func `a refused connection is reported later, with its errno`() throws {
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: try deadPort()), owner: recorder)
        #expect(recorder.ends.isEmpty)
        try run(loop, until: { recorder.isEnded })
        #expect(
            recorder.ends == [.failed(SystemError(call: "connect", code: ECONNREFUSED))])
        #expect(link.fileDescriptor == -1 && !link.isOpen && link.owner == nil)
        #expect("\(try #require(recorder.ends.first))" == "connect: Connection refused")
    }

    @Test func `if one address refuses, the next is tried`() throws {
        let server = try EchoServer(loop: loop)
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, host: "localhost",
            addresses: [
                try address("::1", server.port), try address("127.0.0.1", try deadPort()),
                try address("127.0.0.1", server.port),
            ], timeout: .seconds(5), owner: recorder)
        try run(loop, until: { recorder.isOpened })
        #expect(link.peer.host == "127.0.0.1" && link.peer.port == server.port)
        link.close()
    }

    @Test func `if one address does not answer, the next is tried before the timeout`() throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock.clock)
        let silent = try SilentListener()
        let server = try EchoServer(loop: loop)
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, host: "localhost",
            addresses: [
                try address("127.0.0.1", silent.port), try address("127.0.0.1", server.port),
            ], timeout: .seconds(10), owner: recorder)
        try clock.pass(.milliseconds(4_999), turning: loop)
        #expect(!recorder.isOpened)
        try clock.pass(.milliseconds(1), turning: loop)
        try run(loop, until: { recorder.isOpened || recorder.isEnded })
        #expect(recorder.isOpened)
        link.close()
    }

    @Test func `a peer that does not answer ends the dial at the timeout`() throws {
        let silent = try SilentListener()
        let recorder = LinkRecorder()
        let start = ContinuousClock.now
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: silent.port), timeout: .milliseconds(80),
            owner: recorder)
        try run(loop, until: { recorder.isEnded })
        #expect(recorder.ends == [.timedOut])
        #expect(ContinuousClock.now - start >= .milliseconds(79))
        #expect(link.fileDescriptor == -1)
    }

    @Test func `the last address's failure is reported`() throws {
        let recorder = LinkRecorder()
        _ = Dial.connect(
            loop: loop, host: "localhost",
            addresses: [
                try address("127.0.0.1", try deadPort()), try address("::1", try deadPort()),
            ], timeout: .seconds(5), owner: recorder)
        try run(loop, until: { recorder.isEnded })
        #expect(
            recorder.ends == [.failed(SystemError(call: "connect", code: ECONNREFUSED))])
    }

    @Test func `a name is resolved off the loop`() throws {
        let server = try EchoServer(loop: loop)
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port), owner: recorder)
        #expect(link.fileDescriptor == -1)
        link.send([8])
        try run(loop, until: { recorder.received == [8] })
        link.close()
    }

    @Test func `many names are resolved at once`() throws {
        let server = try EchoServer(loop: loop)
        let recorders = (0..<30).map { _ in LinkRecorder() }
        let links = recorders.map {
            Dial.connect(loop: loop, to: .tcp(host: "localhost", port: server.port), owner: $0)
        }
        try run(loop, until: { recorders.allSatisfy(\.isOpened) })
        for link in links { link.close() }
    }

    @Test func `an invalid name is reported with the resolver's message`() throws {
        let recorder = LinkRecorder()
        // A label longer than 63 bytes: refused without a query (RFC 1035 §2.3.4).
        let host = String(repeating: "x", count: 70) + ".test"
        _ = Dial.connect(loop: loop, to: .tcp(host: host, port: 80), owner: recorder)
        try run(loop, until: { recorder.isEnded })
        guard case .resolve(let words)? = recorder.ends.first else {
            Issue.record("\(recorder.ends)")
            return
        }
        #expect(words.hasPrefix("cannot resolve \(host): "))
    }

    @Test(arguments: [-1, 65_536, Int.max])
    func `an invalid port ends the dial`(port: Int) throws {
        let recorder = LinkRecorder()
        _ = Dial.connect(loop: loop, to: .tcp(host: "127.0.0.1", port: port), owner: recorder)
        try run(loop, until: { recorder.isEnded })
        #expect(recorder.ends == [.resolve("no such port")])
    }

    @Test func `closing cancels a dial while it resolves or connects`() throws {
        let silent = try SilentListener()
        let recorder = LinkRecorder()
        weak var resolving: Link?
        weak var connecting: Link?
        do {
            let first = Dial.connect(
                loop: loop, to: .tcp(host: "localhost", port: 1), owner: recorder)
            let second = Dial.connect(
                loop: loop, to: .tcp(host: "127.0.0.1", port: silent.port), owner: recorder)
            (resolving, connecting) = (first, second)
            try loop.runOnce(timeout: .zero)
            first.close()
            second.close()
        }
        #expect(resolving == nil && connecting == nil)
        var isOver = false
        loop.scheduleTask(in: .milliseconds(50)) { isOver = true }
        try run(loop, until: { isOver })
        #expect(recorder.ends.isEmpty && !recorder.isOpened)
    }

    @Test func `a deallocated loop releases its dials`() throws {
        let silent = try SilentListener()
        weak var owner: DialOwner?
        do {
            let loop = try EventLoop()
            for host in ["localhost", "127.0.0.1"] {
                let strong = DialOwner()
                strong.link = Dial.connect(
                    loop: loop, to: .tcp(host: host, port: silent.port), owner: strong)
                owner = strong
            }
            #expect(owner != nil)
        }
        #expect(owner == nil)
    }

    @Test func `bytes sent and finished before the link opened still arrive`() throws {
        let server = try EchoServer(loop: loop)
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: recorder)
        link.send(Array("in passing".utf8))
        link.finish()
        try run(loop, until: { recorder.isEnded })
        #expect(recorder.ends == [.closedHere])
        try run(loop, until: { server.recorders.first?.text == "in passing" })
    }

    @Test func `a missing Unix socket is reported`() throws {
        let directory = try TemporaryDirectory()
        let missing = LinkRecorder()
        _ = Dial.connect(loop: loop, to: .unix(path: directory.file("none")), owner: missing)
        let long = LinkRecorder()
        let path = String(repeating: "x", count: 200)
        _ = Dial.connect(loop: loop, to: .unix(path: path), owner: long)
        try run(loop, until: { missing.isEnded && long.isEnded })
        #expect(missing.ends == [.failed(SystemError(call: "connect", code: ENOENT))])
        #expect(long.ends == [.failed(SystemError(call: "connect", code: ENAMETOOLONG))])
    }

    @Test func `a Unix listener with a full queue is retried`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.withSockaddr { bind(descriptor, $0, $1) } == 0 && listen(descriptor, 0) == 0)
        let recorders = (0..<4).map { _ in LinkRecorder() }
        let links = recorders.map {
            Dial.connect(loop: loop, to: .unix(path: path), owner: $0)
        }
        for _ in 0..<3 { try loop.runOnce(timeout: .milliseconds(1)) }
        #expect(recorders.contains { !$0.isOpened })
        let listener = try Listener(loop: loop, adopting: descriptor) { $0.owner = LinkRecorder() }
        try run(loop, until: { recorders.allSatisfy(\.isOpened) })
        for link in links { link.close() }
        listener.close()
    }
}

/// Holds its link, as owners do.
private final class DialOwner: LinkOwner {
    var link: Link?
    func link(_ link: Link, received bytes: Span<UInt8>) {}
    func linkEnded(_ link: Link, _ end: LinkEnd) {}
}

/// Listens with a full queue, so that the kernel answers no other client.
private final class SilentListener {
    let port: Int
    private var descriptors: [Int32] = []

    init() throws {
        let kind = Int32(SOCK_STREAM.rawValue)
        let listener = socket(AF_INET, kind, 0)
        descriptors = [listener]
        let anywhere = try #require(SocketAddress(numericHost: "127.0.0.1", port: 0))
        #expect(anywhere.withSockaddr { bind(listener, $0, $1) } == 0 && listen(listener, 0) == 0)
        port = try #require(ListeningSocket.name(of: listener)?.port)
        let here = try #require(SocketAddress(numericHost: "127.0.0.1", port: UInt16(port)))
        for _ in 0..<3 {
            let client = socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = here.withSockaddr { connect(client, $0, $1) }
            descriptors.append(client)
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
