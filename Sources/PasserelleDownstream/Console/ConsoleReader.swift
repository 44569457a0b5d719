// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One open console: it is written to every second, unless it has not taken what it was sent.
///
/// So at most one tick's bytes wait for it, and what came meanwhile is told in the next.
final class ConsoleReader: LinkOwner, Stallable {
    /// Bytes that may wait: more than one tick can have, whatever names and ids are like.
    static let outputLimit = 8 * 1_048_576

    let link: Link
    private unowned let consoles: Consoles
    private let isChunked: Bool
    private var cursor = ConsoleCursor()
    private var isOver = false

    /// Takes the link over.
    init(link: Link, isChunked: Bool, consoles: Consoles) {
        self.link = link
        self.isChunked = isChunked
        self.consoles = consoles
        link.outputLimit = Self.outputLimit
        link.owner = self
        link.setUserTimeout(EventStreams.noticeTime)
    }

    /// True while it takes what it is sent.
    var isReady: Bool { !isOver && link.queuedBytes == 0 }

    /// Writes the response's head; what it is told first follows.
    func begin(head: [UInt8]) {
        link.send(head)
        var retry: [UInt8] = []
        EventStreamWriter.retry(milliseconds: Consoles.retryMilliseconds, into: &retry)
        send(retry)
    }

    /// Tells how things are, and what came since it was last told.
    func tell(_ state: [UInt8]) {
        guard !isOver else { return }
        send(
            state
                + (cursor.next(in: consoles.hub, showsContent: consoles.showsContent) ?? []))
    }

    /// Events were taken back.
    ///
    /// Where what is on its way may have one in it, the console is cut, and comes back behind it.
    func took(back sequences: Set<UInt64>) {
        guard !isOver, cursor.took(back: sequences) else { return }
        if consoles.showsContent, link.queuedBytes > 0 { cut() }
    }

    /// What it was told is to be forgotten; where some of it is on its way, the console is cut.
    func beginAnew() {
        guard !isOver else { return }
        cursor.beginAnew()
        if link.queuedBytes > 0 { cut() }
    }

    /// Closes in an orderly way.
    func end() {
        guard !isOver else { return }
        if isChunked { link.send(HTTPWriter.lastChunk) }
        link.finish()
        leave()
        if link.queuedBytes > 0 { consoles.stalls.isFull(self) }
    }

    func stalled() {
        cut()
    }

    /// One that is open is told by `took(back:)`, which knows whether it was told the message.
    func retracted(by deletions: [Burial]) {
        guard isOver, consoles.showsContent else { return }
        consoles.stalls.isFree(self)
        link.close()
    }

    private func cut() {
        link.close()
        leave()
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // A console has nothing more to say.
    }

    func linkHasRoom(_ link: Link) {
        consoles.stalls.isFree(self)
        link.setUserTimeout(EventStreams.noticeTime)
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        consoles.stalls.isFree(self)
        leave()
    }

    private func send(_ frames: [UInt8]) {
        guard isChunked else { return put(frames) }
        var chunk: [UInt8] = []
        HTTPWriter.chunk(frames.span, into: &chunk)
        put(chunk)
    }

    private func put(_ bytes: [UInt8]) {
        link.send(bytes)
        guard link.queuedBytes > 0 else { return }
        // Whether it is alive is then the stall watch's to find out: the kernel would cut one that
        // is only slow.
        consoles.stalls.isFull(self)
        link.setUserTimeout(.zero)
    }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        consoles.stalls.isFree(self)
        consoles.closed(self)
    }
}
