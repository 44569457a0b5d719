// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct LinkTests {
    @Test func `bytes go both ways`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.send(Array("hello".utf8))
        try run(loop, until: { pair.recorder.text == "hello" })
        pair.link.send(Array("world".utf8))
        #expect(pair.receive() == Array("world".utf8))
        #expect(pair.link.queuedBytes == 0)
    }

    @Test func `a direct write takes part of the bytes, and room is reported when the peer reads`()
        throws
    {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        let bytes = [UInt8](repeating: 7, count: 4_000_000)
        let taken = bytes.withUnsafeBytes { pair.link.write($0) }
        #expect(taken > 0 && taken < bytes.count)
        #expect(pair.link.queuedBytes == 0)
        #expect(bytes.withUnsafeBytes { pair.link.write($0) } == 0)
        try loop.runOnce(timeout: .zero)
        #expect(pair.recorder.rooms == 0)
        var read = 0
        try run(
            loop,
            until: {
                read += pair.receive()?.count ?? 0
                return pair.recorder.rooms == 1
            })
        #expect(bytes.withUnsafeBytes { pair.link.write($0) } > 0)
    }

    @Test func `a queue is flushed in order as the peer reads`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.link.outputLimit = 10_000_000
        var expected: [UInt8] = []
        for number in 0..<300 {
            let piece = [UInt8](repeating: UInt8(number & 255), count: 1 + number * 97 % 20_000)
            expected += piece
            pair.link.send(piece)
        }
        #expect(pair.link.queuedBytes > 0)
        #expect([1].withUnsafeBytes { pair.link.write($0) } == 0)
        var read: [UInt8] = []
        try run(
            loop,
            until: {
                read += pair.receive() ?? []
                return read.count >= expected.count
            })
        #expect(read == expected)
        try run(loop, until: { pair.recorder.rooms == 1 })
        #expect(pair.link.queuedBytes == 0)
        #expect(pair.link.output == nil)
    }

    @Test(arguments: [-1, 0, 1])
    func `the output limit is exact to the byte`(excess: Int) throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        let filling = [UInt8](repeating: 0, count: 4_000_000)
        _ = filling.withUnsafeBytes { pair.link.write($0) }
        pair.link.outputLimit = 1_000
        pair.link.send([UInt8](repeating: 1, count: 600))
        #expect(pair.link.queuedBytes == 600)
        pair.link.send([UInt8](repeating: 2, count: 400 + excess))
        #expect(pair.link.isOpen == (excess <= 0))
        #expect(pair.recorder.ends.isEmpty)
        try loop.runOnce(timeout: .zero)
        #expect(pair.recorder.ends == (excess <= 0 ? [] : [.overflow]))
    }

    @Test func `the peer's end is reported once, after its last bytes`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        var endedBefore = false
        pair.recorder.onReceived = { [unowned pair] _, _ in endedBefore = pair.recorder.isEnded }
        pair.send([1, 2, 3])
        pair.close()
        try run(loop, until: { pair.recorder.isEnded })
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        #expect(pair.recorder.received == [1, 2, 3])
        #expect(pair.recorder.ends == [.closedByPeer])
        #expect(!endedBefore)
        #expect(!pair.link.isOpen && pair.link.fileDescriptor == -1)
        #expect(pair.link.owner == nil)
    }

    @Test func `an end found while writing is reported at the end of the turn`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.close()
        var log: [String] = []
        loop.scheduleTask(in: .zero) {
            #expect([1].withUnsafeBytes { pair.link.write($0) } == 0)
            log.append("ends reported: \(pair.recorder.ends.count)")
            #expect([1].withUnsafeBytes { pair.link.write($0) } == 0)
            pair.link.send([1])
        }
        loop.atTurnEnd { log.append("ends reported: \(pair.recorder.ends.count)") }
        pair.link.pause()
        try loop.runOnce(timeout: .seconds(1))
        #expect(pair.recorder.ends.count == 1)
        #expect(log.last == "ends reported: 1")
    }

    @Test func `after close the owner is not called, not even for an end that was found already`()
        throws
    {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.close()
        _ = [1].withUnsafeBytes { pair.link.write($0) }
        pair.link.close()
        for _ in 0..<3 { try loop.runOnce(timeout: .zero) }
        #expect(pair.recorder.ends.isEmpty)
        pair.link.close()
        pair.link.finish()
        pair.link.pause()
        pair.link.resume()
        pair.link.send([1])
    }

    @Test func `an owner may close within a callback`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.recorder.onReceived = { link, _ in link.close() }
        pair.send([1])
        try run(loop, until: { !pair.link.isOpen })
        #expect(pair.receive() == nil)
        #expect(pair.recorder.ends.isEmpty)
    }

    @Test func `finish flushes the queue, then ends the stream`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        let bytes = [UInt8](repeating: 9, count: 1_000_000)
        pair.link.send(bytes)
        #expect(pair.link.queuedBytes > 0)
        pair.link.finish()
        #expect(!pair.link.isOpen)
        pair.link.send([1])
        var read = 0
        var isAtEnd = false
        try run(
            loop,
            until: {
                if let bytes = pair.receive() { read += bytes.count } else { isAtEnd = true }
                return isAtEnd
            })
        #expect(read == bytes.count)
        #expect(pair.recorder.ends == [.closedHere])
        pair.close()
        try run(loop, until: { pair.link.fileDescriptor == -1 })
    }

    @Test func `finish with an empty queue reports the end later in the same turn`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        loop.scheduleTask(in: .zero) {
            pair.link.finish()
            #expect(pair.recorder.ends.isEmpty)
        }
        try loop.runOnce(timeout: .seconds(1))
        #expect(pair.recorder.ends == [.closedHere])
        #expect(pair.receive() == nil)
    }

    @Test func `unread bytes do not reset a finished answer`() throws {
        let loop = try EventLoop()
        let server = try AnsweringServer(loop: loop)
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
        link.send([UInt8](repeating: 1, count: 900_000))
        try run(loop, until: { client.isEnded })
        #expect(client.text == "too large")
        server.listener?.close()
    }

    @Test func `a peer that finished sending can still be answered`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.link.staysHalfOpen = true
        pair.send([1])
        pair.finishSending()
        try run(loop, until: { pair.recorder.peerFinishes == 1 })
        for _ in 0..<3 { try loop.runOnce(timeout: .zero) }
        #expect(pair.recorder.peerFinishes == 1 && pair.link.isOpen)
        pair.link.send([5])
        #expect(pair.receive() == [5])
        pair.link.finish()
        try loop.runOnce(timeout: .zero)
        #expect(pair.recorder.ends == [.closedHere])
        #expect(pair.link.fileDescriptor == -1)
    }

    @Test func `the queue is flushed before the end when the peer finishes`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        let bytes = [UInt8](repeating: 3, count: 700_000)
        pair.link.send(bytes)
        pair.finishSending()
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        #expect(pair.recorder.ends.isEmpty)
        var read = 0
        try run(
            loop,
            until: {
                read += pair.receive()?.count ?? 0
                return pair.recorder.isEnded
            })
        read += pair.receive(1_000_000)?.count ?? 0
        #expect(read == bytes.count)
        #expect(pair.recorder.ends == [.closedByPeer])
    }

    @Test func `a paused link reads nothing, and everything when it resumes`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        pair.link.pause()
        pair.send([1, 2])
        pair.close()
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        #expect(pair.recorder.received.isEmpty && !pair.recorder.isEnded)
        #expect(pair.link.flags.contains(.suspended))
        pair.link.resume()
        try run(loop, until: { pair.recorder.isEnded })
        #expect(pair.recorder.received == [1, 2])
        #expect(pair.recorder.ends == [.closedByPeer])
    }

    @Test func `a flood is read in shares, one a turn`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        let other = try SocketPair(loop: loop)
        pair.send([UInt8](repeating: 1, count: 150_000))
        other.send([1])
        try loop.runOnce(timeout: .seconds(1))
        #expect(pair.recorder.receivedCount <= EventLoop.receiveBufferSize)
        #expect(other.recorder.receivedCount == 1)
        try run(loop, until: { pair.recorder.receivedCount == 150_000 })
    }

    @Test func `an open link keeps its owner alive, and both are released when it ends`() throws {
        let loop = try EventLoop()
        var pair: SocketPair? = try SocketPair(loop: loop)
        var watcher: LinkRecorder? = LinkRecorder()
        weak let owner = watcher
        weak let link = pair?.link
        pair?.link.owner = watcher
        watcher = nil
        #expect(owner != nil)
        pair?.close()
        pair = nil
        #expect(link != nil && owner != nil)
        try run(loop, until: { link == nil })
        #expect(owner == nil)
    }

    @Test func `a deallocated loop closes its links and releases their owners`() throws {
        var loop: EventLoop? = try EventLoop()
        let pair = try SocketPair(loop: try #require(loop))
        let owner = HoldingOwner()
        weak let gone = owner
        owner.link = pair.link
        pair.link.owner = owner
        loop = nil
        #expect(pair.link.fileDescriptor == -1 && !pair.link.isOpen)
        #expect(pair.link.owner == nil)
        #expect(gone != nil)
        pair.link.close()
        pair.link.send([1])
        #expect(pair.receive() == nil)
    }

    @Test func `a plain link is one small object`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        #expect(heapBytes(of: pair.link) <= 128)
        #expect(pair.link.output == nil && pair.link.tls == nil && pair.link.dial == nil)
    }
}

/// Holds its link, as owners do.
private final class HoldingOwner: LinkOwner {
    var link: Link?
    func link(_ link: Link, received bytes: Span<UInt8>) {}
    func linkEnded(_ link: Link, _ end: LinkEnd) {}
}

/// Answers and finishes after the first bytes, and ignores the rest.
private final class AnsweringServer {
    var listener: Listener?

    init(loop: EventLoop) throws {
        listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) { link in
            let recorder = LinkRecorder()
            recorder.onReceived = { link, _ in
                link.send(Array("too large".utf8))
                link.finish()
            }
            link.owner = recorder
        }
    }

    var port: Int { listener?.boundPort ?? 0 }
}
