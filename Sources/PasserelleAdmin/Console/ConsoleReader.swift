// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One open console, which is written to every second unless earlier output still waits.
///
/// At most one tick's bytes wait for it; events that arrive meanwhile are in the next frame.
final class ConsoleReader: LinkOwner, Stallable {
    /// Bytes that may wait: more than one tick can have, even with the longest names and ids.
    static let outputLimit = 8 * 1_048_576

    let link: Link
    /// The console's number, in the order of opening; the oldest console is replaced first.
    let number: Int
    private unowned let consoles: Consoles
    private let isChunked: Bool
    private var cursor = ConsoleCursor()
    private var isEnded = false

    /// Takes the link over.
    init(link: Link, isChunked: Bool, number: Int, consoles: Consoles) {
        self.link = link
        self.number = number
        self.isChunked = isChunked
        self.consoles = consoles
        link.outputLimit = Self.outputLimit
        link.owner = self
    }

    /// True if all output was taken and the console is open.
    var isReady: Bool { !isEnded && link.queuedBytes == 0 }

    /// Writes the response's head and the `retry` line; the first state follows.
    func begin(head: [UInt8]) {
        link.send(head)
        var retry: [UInt8] = []
        EventStreamWriter.retry(milliseconds: Consoles.retryMilliseconds, into: &retry)
        send(retry)
    }

    /// Sends the gateway's state and the events since the last frame.
    func update(_ state: [UInt8]) {
        guard !isEnded else { return }
        send(
            state
                + (cursor.next(in: consoles.hub, showsContent: consoles.showsContent) ?? []))
    }

    /// Handles the retraction of events.
    ///
    /// If output that still waits may contain one of them, the console is cut; it reconnects and
    /// receives a fresh list.
    func retract(events sequences: Set<UInt64>) {
        guard !isEnded, cursor.retract(events: sequences) else { return }
        if consoles.showsContent, link.queuedBytes > 0 { cut() }
    }

    /// Makes the page discard its events with the next frame; cuts the console if output waits.
    func reset() {
        guard !isEnded else { return }
        cursor.reset()
        if link.queuedBytes > 0 { cut() }
    }

    /// Ends the stream in an orderly way.
    func end() {
        guard !isEnded else { return }
        if isChunked { link.send(HTTPWriter.lastChunk) }
        link.finish()
        detach()
        if link.queuedBytes > 0 { consoles.stalls.becameFull(self) }
    }

    /// Closes the console in favor of a newer one; it reconnects later than others do.
    func endReplaced() {
        guard isReady else { return cut() }
        var retry: [UInt8] = []
        EventStreamWriter.retry(
            milliseconds: Consoles.retryReplacedMilliseconds, into: &retry)
        EventStreamWriter.event(
            id: nil, name: "replaced",
            data: Array(#"{"retry_ms":\#(Consoles.retryReplacedMilliseconds)}"#.utf8), into: &retry)
        send(retry)
        end()
    }

    /// Closes a console that has ended but has waiting output; open consoles are handled by event.
    func retracted(by retractions: [Retraction]) {
        guard isEnded, consoles.showsContent else { return }
        consoles.stalls.becameWritable(self)
        link.close()
    }

    func cut() {
        link.close()
        detach()
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // Further input from a console is ignored.
    }

    func linkBecameWritable(_ link: Link) {
        consoles.stalls.becameWritable(self)
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        consoles.stalls.ended(link, end)
        consoles.stalls.becameWritable(self)
        detach()
    }

    private func send(_ frames: [UInt8]) {
        guard isChunked else { return put(frames) }
        var chunk: [UInt8] = []
        HTTPWriter.chunk(frames.span, into: &chunk)
        put(chunk)
    }

    private func put(_ bytes: [UInt8]) {
        link.send(bytes)
        if link.queuedBytes > 0 { consoles.stalls.becameFull(self) }
    }

    private func detach() {
        guard !isEnded else { return }
        isEnded = true
        consoles.stalls.becameWritable(self)
        consoles.closed(self)
    }
}
