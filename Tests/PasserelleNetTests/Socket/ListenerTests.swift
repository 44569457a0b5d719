// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct ListenerTests {
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    @Test func `an echo through TCP`() throws {
        let server = try EchoServer(loop: loop)
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
        #expect(!link.isOpen && link.fileDescriptor >= 0)
        link.send(Array("hello".utf8))
        try run(loop, until: { client.text == "hello" })
        #expect(link.peer.host == "127.0.0.1" && link.peer.port == server.port)
        #expect(server.links.first?.peer.isLoopback == true)
        #expect(client.openings == 1)
        link.close()
        try run(loop, until: { server.recorders.first?.isEnded == true })
        #expect(server.recorders.first?.openings == 0)
        #expect(server.recorders.first?.ends == [.closedByPeer])
        server.close()
        #expect(server.port == 0)
    }

    @Test func `an echo through IPv6`() throws {
        let server = try EchoServer(loop: loop, address: .tcp(host: "::1", port: 0))
        let client = LinkRecorder()
        let link = Dial.connect(loop: loop, to: .tcp(host: "::1", port: server.port), owner: client)
        link.send([6])
        try run(loop, until: { client.received == [6] })
        #expect(link.peer.description == "[::1]:\(server.port)")
        link.close()
    }

    @Test func `an echo through a Unix socket, which knows its peer's user`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("echo.sock")
        let server = try EchoServer(loop: loop, address: .unix(path: path))
        let client = LinkRecorder()
        let link = Dial.connect(loop: loop, to: .unix(path: path), owner: client)
        link.send([1, 2])
        try run(loop, until: { client.received == [1, 2] })
        let peer = try #require(server.links.first).peer
        #expect(peer.form == .unix(pid: getpid(), uid: getuid(), gid: getgid()))
        #expect(peer.userID == getuid() && peer.host == nil && peer.isLoopback)
        #expect(link.peer == peer)
        link.close()
    }

    @Test func `an IPv4 client of an IPv6 listener is told as IPv4`() throws {
        let server = try EchoServer(loop: loop, address: .tcp(host: "::", port: 0))
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
        try run(loop, until: { server.links.count == 1 })
        #expect(server.links.first?.peer.host == "127.0.0.1")
        link.close()
    }

    @Test func `accepted links inherit what TCP needs`() throws {
        let server = try EchoServer(loop: loop)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: LinkRecorder())
        try run(loop, until: { server.links.count == 1 && link.isOpen })
        link.setUserTimeout(.seconds(20))
        for link in [link, try #require(server.links.first)] {
            let tcp = Int32(IPPROTO_TCP)
            let descriptor = link.fileDescriptor
            #expect(SocketOptions.number(tcp, TCP_NODELAY, of: descriptor) == 1)
            #expect(SocketOptions.number(SOL_SOCKET, SO_KEEPALIVE, of: descriptor) == 1)
            #expect(SocketOptions.number(tcp, TCP_KEEPIDLE, of: descriptor) == 60)
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        // TCP_USER_TIMEOUT is 18 in every Linux.
        #expect(
            SocketOptions.number(Int32(IPPROTO_TCP), 18, of: link.fileDescriptor) == 20_000)
        link.close()
    }

    @Test func `a user time-out set while dialling holds once connected`() throws {
        let server = try EchoServer(loop: loop)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: LinkRecorder())
        link.setUserTimeout(.milliseconds(1_500))
        try run(loop, until: { link.isOpen })
        #expect(SocketOptions.number(Int32(IPPROTO_TCP), 18, of: link.fileDescriptor) == 1_500)
        link.close()
    }

    @Test func `many connections at once are all accepted`() throws {
        let server = try EchoServer(loop: loop)
        let clients = (0..<300).map { _ in LinkRecorder() }
        let links = clients.map { client in
            let link = Dial.connect(
                loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
            link.send([7])
            return link
        }
        try run(loop, until: { clients.allSatisfy { $0.received == [7] } })
        for link in links { link.close() }
        try run(loop, until: { server.recorders.allSatisfy(\.isEnded) })
        #expect(!server.links.contains { $0.fileDescriptor != -1 })
    }

    @Test func `a peer's reset is told as a failure`() throws {
        let server = try EchoServer(loop: loop)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: LinkRecorder())
        try run(loop, until: { server.links.count == 1 && link.isOpen })
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            link.fileDescriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout<linger>.size))
        link.close()
        try run(loop, until: { server.recorders.first?.isEnded == true })
        #expect(
            server.recorders.first?.ends
                == [.failed(SystemError(call: "recv", code: ECONNRESET))])
    }

    @Test func `a paused link learns of a reset all the same`() throws {
        let server = try EchoServer(loop: loop)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: LinkRecorder())
        try run(loop, until: { server.links.count == 1 && link.isOpen })
        server.links.first?.pause()
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            link.fileDescriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout<linger>.size))
        link.close()
        try run(loop, until: { server.recorders.first?.isEnded == true })
        #expect(
            server.recorders.first?.ends
                == [.failed(SystemError(call: "send", code: ECONNRESET))])
    }

    @Test func `a link that gets no owner is closed`() throws {
        let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) { _ in }
        let client = LinkRecorder()
        _ = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            owner: client)
        try run(loop, until: { client.isEnded })
        #expect(client.ends == [.closedByPeer])
        listener.close()
    }

    @Test func `a port that is taken is refused with the address in the words`() throws {
        let server = try EchoServer(loop: loop)
        do {
            _ = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: server.port)) { _ in
            }
            Issue.record("it listens twice")
        } catch {
            #expect(
                "\(error)"
                    == "cannot listen on 127.0.0.1:\(server.port): bind: Address already in use")
        }
    }

    @Test func `a stale Unix socket is replaced, and removed on close`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let stale = try #require(SocketAddress(unixPath: path))
        let old = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(stale.lend { bind(old, $0, $1) } == 0)
        close(old)
        #expect(access(path, F_OK) == 0)
        let listener = try Listener(loop: loop, address: .unix(path: path), mode: 0o600) { _ in }
        var found = stat()
        #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
        listener.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test func `a Unix socket that somebody answers on is left alone`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let first = try EchoServer(loop: loop, address: .unix(path: path))
        #expect(throws: ListenError.inUse(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        let client = LinkRecorder()
        let link = Dial.connect(loop: loop, to: .unix(path: path), owner: client)
        link.send([1])
        try run(loop, until: { client.received == [1] })
        link.close()
        first.close()
    }

    @Test func `what is no socket is left alone`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("letter")
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: ListenError.notASocket(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a file that took our socket's place is not removed`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let listener = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        rename(path, folder.file("moved"))
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        listener.close()
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a path of the longest length works, a longer one is refused`() throws {
        let folder = try TemporaryFolder()
        let space = ListenAddress.unixPathLimit - folder.path.utf8.count - 1
        let longest = folder.file(String(repeating: "x", count: space))
        try Listener(loop: loop, address: .unix(path: longest)) { _ in }.close()
        #expect(
            throws: ListenError.longPath(
                bytes: ListenAddress.unixPathLimit + 1, limit: ListenAddress.unixPathLimit)
        ) {
            _ = try Listener(loop: loop, address: .unix(path: longest + "x")) { _ in }
        }
    }

    @Test func `a socket that listens already is taken over, and its file stays`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.lend { bind(descriptor, $0, $1) } == 0)
        #expect(throws: ListenError.notListening(descriptor: descriptor)) {
            _ = try Listener(loop: loop, adopting: descriptor) { _ in }
        }
        listen(descriptor, 5)
        let recorder = LinkRecorder()
        let listener = try Listener(loop: loop, adopting: descriptor) { $0.owner = recorder }
        let link = Dial.connect(loop: loop, to: .unix(path: path), owner: LinkRecorder())
        link.send([4])
        try run(loop, until: { recorder.received == [4] })
        link.close()
        listener.close()
        #expect(access(path, F_OK) == 0)
    }

    @Test func `with no descriptor left, clients are shut out and the loop does not spin`()
        async
    {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let accepted = LinkRecorder()
            let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
                $0.owner = accepted
            }
            listener.farewell = Array("full".utf8)
            let port = try #require(listener.boundPort)
            // More clients than descriptors that another thread of the process could set free.
            let clients = (0..<12).map { _ in LinkRecorder() }
            let links = clients.map {
                Dial.connect(loop: loop, to: .tcp(host: "127.0.0.1", port: port), owner: $0)
            }
            var taken = [open("/dev/null", O_RDONLY)]
            var limit = rlimit()
            let openFiles = __rlimit_resource_t(7)  // RLIMIT_NOFILE
            getrlimit(openFiles, &limit)
            limit.rlim_cur = rlim_t(taken[0] + 16)
            setrlimit(openFiles, &limit)
            while case let descriptor = dup(taken[0]), descriptor >= 0 { taken.append(descriptor) }
            var turns = 0
            loop.atTurnEnd { turns += 1 }
            try run(loop, until: { clients.count(where: \.isEnded) >= 8 })
            #expect(listener.exhaustions >= 1)
            let bye = clients.filter { $0.isEnded && $0.text == "full" }
            #expect(bye.count >= 8)
            // A turn a client and a few a pause, where a loop that spins makes thousands.
            #expect(turns < 100)
            // Descriptors are back: the next client is served.
            for descriptor in taken { close(descriptor) }
            let third = LinkRecorder()
            let link = Dial.connect(
                loop: loop, to: .tcp(host: "127.0.0.1", port: port), owner: third)
            link.send([3])
            try run(loop, until: { accepted.received.contains(3) })
            withExtendedLifetime(links) {}
        }
    }
}
