// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct ListenerTests {
    private let loop: EventLoop

    init() throws { loop = try EventLoop() }

    @Test func `bytes are echoed over TCP`() throws {
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

    @Test func `bytes are echoed over IPv6`() throws {
        let server = try EchoServer(loop: loop, address: .tcp(host: "::1", port: 0))
        let client = LinkRecorder()
        let link = Dial.connect(loop: loop, to: .tcp(host: "::1", port: server.port), owner: client)
        link.send([6])
        try run(loop, until: { client.received == [6] })
        #expect(link.peer.description == "[::1]:\(server.port)")
        link.close()
    }

    @Test func `bytes are echoed over a Unix socket, which reports its peer's user`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("echo.sock")
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

    @Test func `an IPv4 client of an IPv6 listener is reported as IPv4`() throws {
        let server = try EchoServer(loop: loop, address: .tcp(host: "::", port: 0))
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
        try run(loop, until: { server.links.count == 1 })
        #expect(server.links.first?.peer.host == "127.0.0.1")
        link.close()
    }

    @Test func `accepted links inherit the TCP options`() throws {
        let server = try EchoServer(loop: loop)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: LinkRecorder())
        try run(loop, until: { server.links.count == 1 && link.isOpen })
        for link in [link, try #require(server.links.first)] {
            let tcp = Int32(IPPROTO_TCP)
            let descriptor = link.fileDescriptor
            #expect(SocketOptions.number(tcp, TCP_NODELAY, of: descriptor) == 1)
            #expect(SocketOptions.number(SOL_SOCKET, SO_KEEPALIVE, of: descriptor) == 1)
            #expect(SocketOptions.number(tcp, TCP_KEEPIDLE, of: descriptor) == 60)
            // An older kernel does not have the option.
            let wait = SocketOptions.number(tcp, SocketOptions.longestWait, of: descriptor)
            #expect(wait == nil || wait == 10_000)
            #expect(SocketOptions.number(tcp, TCP_USER_TIMEOUT, of: descriptor) == 0)
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
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

    @Test func `a peer's reset is reported as a failure`() throws {
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

    @Test func `a reset is also reported to a paused link`() throws {
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

    @Test func `a link without an owner is closed`() throws {
        let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) { _ in }
        let client = LinkRecorder()
        _ = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            owner: client)
        try run(loop, until: { client.isEnded })
        #expect(client.ends == [.closedByPeer])
        listener.close()
    }

    @Test func `a port in use is refused with the address in the error`() throws {
        let server = try EchoServer(loop: loop)
        do {
            _ = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: server.port)) { _ in
            }
            Issue.record("two listeners share the port")
        } catch {
            #expect(
                "\(error)"
                    == "cannot listen on 127.0.0.1:\(server.port): bind: Address already in use")
        }
    }

    @Test func `a stale Unix socket is replaced, and removed on close`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let stale = try #require(SocketAddress(unixPath: path))
        let old = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(stale.withSockaddr { bind(old, $0, $1) } == 0)
        close(old)
        #expect(access(path, F_OK) == 0)
        let listener = try Listener(loop: loop, address: .unix(path: path), mode: 0o600) { _ in }
        var found = stat()
        #expect(stat(path, &found) == 0 && found.st_mode & 0o777 == 0o600)
        listener.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test func `a Unix socket that is bound and does not listen is kept`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let other = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.withSockaddr { bind(other, $0, $1) } == 0)
        #expect(throws: ListenError.bound(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        // The same file by another path.
        let link = directory.file("l")
        #expect(symlink(directory.path, link) == 0)
        #expect(throws: ListenError.bound(path: link + "/s")) {
            _ = try Listener(loop: loop, address: .unix(path: link + "/s")) { _ in }
        }
        #expect(listen(other, 1) == 0)
        #expect(throws: ListenError.inUse(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        close(other)
        try Listener(loop: loop, address: .unix(path: path)) { _ in }.close()
    }

    @Test func `a Unix socket that was renamed after it was bound is kept`() throws {
        let directory = try TemporaryDirectory()
        let (path, temporary) = (directory.file("s"), directory.file("s.tmp"))
        let place = try #require(SocketAddress(unixPath: temporary))
        let other = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.withSockaddr { bind(other, $0, $1) } == 0)
        #expect(rename(temporary, path) == 0)
        #expect(throws: ListenError.bound(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        #expect(access(path, F_OK) == 0)
        close(other)
        try Listener(loop: loop, address: .unix(path: path)) { _ in }.close()
    }

    @Test func `a connection that outlives its listener does not keep the file`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let kind = Int32(SOCK_STREAM.rawValue)
        let (server, client) = (socket(AF_UNIX, kind, 0), socket(AF_UNIX, kind, 0))
        #expect(place.withSockaddr { bind(server, $0, $1) } == 0 && listen(server, 1) == 0)
        #expect(place.withSockaddr { connect(client, $0, $1) } == 0)
        let accepted = accept(server, nil, nil)
        close(server)
        try Listener(loop: loop, address: .unix(path: path)) { _ in }.close()
        close(accepted)
        close(client)
    }

    @Test func `a directory in which another process replaces a socket is not touched`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.withSockaddr { bind(stale, $0, $1) } == 0)
        close(stale)
        let lock = open(directory.path, O_RDONLY | O_DIRECTORY)
        #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
        #expect(throws: ListenError.inUse(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        close(lock)
        try Listener(loop: loop, address: .unix(path: path)) { _ in }.close()
    }

    @Test func `transient errors are distinguished from permanent ones`() {
        let unix = ListenAddress.unix(path: "/a/b")
        for code in [EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENOMEM] {
            #expect(ListenError.system(unix, SystemError(call: "bind", code: code)).isTransient)
        }
        for code in [ENOENT, EACCES, ENOTDIR, EROFS, ELOOP] {
            #expect(!ListenError.system(unix, SystemError(call: "bind", code: code)).isTransient)
        }
        #expect(
            ListenError.inUse(path: "/a").isTransient && ListenError.bound(path: "/a").isTransient)
        #expect(!ListenError.notASocket(path: "/a").isTransient)
    }

    @Test func `a Unix socket that another process uses is kept`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
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

    @Test func `a file that is not a socket is kept`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: ListenError.notASocket(path: path)) {
            _ = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a file that replaced the listener's socket is not removed`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let listener = try Listener(loop: loop, address: .unix(path: path)) { _ in }
        rename(path, directory.file("moved"))
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        listener.close()
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a path of the maximum length works, a longer one is refused`() throws {
        let directory = try TemporaryDirectory()
        let space = ListenAddress.unixPathLimit - directory.path.utf8.count - 1
        let longest = directory.file(String(repeating: "x", count: space))
        try Listener(loop: loop, address: .unix(path: longest)) { _ in }.close()
        #expect(
            throws: ListenError.longPath(
                bytes: ListenAddress.unixPathLimit + 1, limit: ListenAddress.unixPathLimit)
        ) {
            _ = try Listener(loop: loop, address: .unix(path: longest + "x")) { _ in }
        }
    }

    @Test func `a listening socket is taken over, and its file is kept`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let place = try #require(SocketAddress(unixPath: path))
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(place.withSockaddr { bind(descriptor, $0, $1) } == 0)
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

    @Test func `with no descriptor left, clients are refused and the loop does not spin`()
        async
    {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let accepted = LinkRecorder()
            let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
                $0.owner = accepted
            }
            listener.refusal = { _ in Array("full".utf8) }
            let port = try #require(listener.boundPort)
            // More clients than descriptors that another thread of the process could close.
            let clients = (0..<12).map { _ in LinkRecorder() }
            let links = clients.map {
                Dial.connect(loop: loop, to: .tcp(host: "127.0.0.1", port: port), owner: $0)
            }
            let taken = takeDescriptors()
            var turns = 0
            loop.atTurnEnd { turns += 1 }
            let began = ContinuousClock.now
            try run(loop, until: { clients.count(where: \.isEnded) >= 8 })
            #expect(listener.exhaustions >= 1)
            let refused = clients.filter { $0.isEnded && $0.text == "full" }
            #expect(refused.count >= 8)
            // One turn for each client, a few for each pause, and one for each 20 ms of this wait.
            // A loop that spins makes thousands.
            let waits = (ContinuousClock.now - began) / .milliseconds(20)
            #expect(Double(turns) < 100 + 2 * waits)
            // Descriptors are available again: the next client is accepted.
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

/// Lowers the limit of this process's descriptors, and takes all that remain.
private func takeDescriptors() -> [Int32] {
    var taken = [open("/dev/null", O_RDONLY)]
    var limit = rlimit()
    let openFiles = __rlimit_resource_t(7)  // RLIMIT_NOFILE
    getrlimit(openFiles, &limit)
    limit.rlim_cur = rlim_t(taken[0] + 16)
    setrlimit(openFiles, &limit)
    while case let descriptor = dup(taken[0]), descriptor >= 0 { taken.append(descriptor) }
    return taken
}
