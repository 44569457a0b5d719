// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// One event stream: it writes what its cursor lacks whenever its socket takes more.
///
/// It holds no queue. What a socket did not take of one event is kept until it does; all else is
/// read from the log again, or told as a gap when it is no longer there.
final class StreamReader: Reader, LinkOwner {
    /// What a stream carries and how.
    struct Options: OptionSet {
        let rawValue: UInt8
        /// Inside HTTP's chunked coding; without it the stream ends with the connection.
        static let isChunked = Options(rawValue: 1)
        /// `format=data`: the payload alone instead of the event object.
        static let onlyData = Options(rawValue: 2)
    }

    /// Bytes of replay that are put together for one write.
    static let pieceBytes = 65_536

    var cursor = Cursor()
    var beatSlot: UInt16 = 0
    private var isBlocked = false
    private var isOver = false
    private let options: Options
    private let link: Link
    private unowned let streams: EventStreams
    /// What of the last write the socket did not take.
    private var rest: [UInt8] = []

    /// Takes the link over; the caller attaches the reader to the hub and then calls `begin`.
    init(link: Link, options: Options, streams: EventStreams) {
        self.link = link
        self.options = options
        self.streams = streams
    }

    /// Writes the response's head and everything that the cursor already lacks.
    func begin(head: [UInt8]) {
        link.owner = self
        streams.opened(self)
        pump(first: head)
    }

    func newsCame(on channel: Channel) {
        guard !isBlocked, !isOver else { return }
        guard options == .isChunked, let batch = streams.batch(for: channel),
            cursor.takes(batch.news)
        else { return pump() }
        let written = batch.bytes.withUnsafeBytes { link.write($0) }
        if written == batch.bytes.count {
            cursor.advance(to: batch.last)
        } else {
            fellShort(of: batch, at: written)
        }
    }

    /// Says a comment, so that proxies and both ends know that the stream lives.
    func beat() {
        guard !isBlocked, !isOver else { return }
        let bytes = options.contains(.isChunked) ? Self.chunkedBeat : Self.plainBeat
        write(bytes, cuts: [])
    }

    /// Tells the reader nothing more and closes in an orderly way.
    func end() {
        guard !isOver else { return }
        if !isBlocked, options.contains(.isChunked) { link.send(Array("0\r\n\r\n".utf8)) }
        link.finish()
        leave()
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // A client of a stream has nothing more to say.
    }

    func linkHasRoom(_ link: Link) {
        guard isBlocked, !isOver else { return }
        isBlocked = false
        if !rest.isEmpty {
            let unsent = rest
            rest = []
            write(unsent, cuts: [])
        }
        if !isBlocked { pump() }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        leave()
    }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        rest = []
        streams.closed(self)
        let now = Moment(
            steady: streams.loop.now,
            wall: WallTime(milliseconds: streams.loop.wallMilliseconds))
        streams.hub.detach(self, at: now)
    }

    // MARK: - Writing

    /// A place in a piece behind which the cursor stood so.
    private struct Cut {
        let end: Int
        let cursor: Cursor
    }

    /// Writes on from the cursor until the socket is full or nothing is lacking.
    private func pump(first head: [UInt8] = []) {
        var head = head
        while !isBlocked {
            var piece = streams.scratch
            streams.scratch = []
            piece.removeAll(keepingCapacity: true)
            piece += head
            var cuts = [Cut(end: head.count, cursor: cursor)]
            head = []
            fill(&piece, &cuts)
            let isLast = piece.count < Self.pieceBytes
            write(piece, cuts: cuts)
            streams.scratch = piece
            if isLast { return }
        }
    }

    private func fill(_ piece: inout [UInt8], _ cuts: inout [Cut]) {
        while piece.count < Self.pieceBytes,
            let entry = streams.hub.next(&cursor, at: streams.loop.now)
        {
            let now = WallTime(milliseconds: streams.loop.wallMilliseconds)
            let form = streams.encoder.form(of: entry, at: cursor.sequence, now: now)
            append(form, of: entry, to: &piece)
            cuts.append(Cut(end: piece.count, cursor: cursor))
            streams.delivered += 1
        }
    }

    private func append(_ form: EncodedForm, of entry: Entry, to piece: inout [UInt8]) {
        if options == .isChunked {
            piece += form.bytes
            return
        }
        let frame: [UInt8]
        if options.contains(.onlyData) {
            let position = streams.hub.position(at: cursor.sequence).text
            frame = EventEncoder.payloadFrame(of: entry, id: position)
        } else {
            frame = Array(form.bytes[form.frame])
        }
        if options.contains(.isChunked) { piece += "\(String(frame.count, radix: 16))\r\n".utf8 }
        piece += frame
        if options.contains(.isChunked) { piece += "\r\n".utf8 }
    }

    /// Writes; where the socket takes less, keeps the rest of the entry in which it stopped and
    /// sets the cursor behind that entry, so that all others are read from the log again.
    private func write(_ bytes: [UInt8], cuts: [Cut]) {
        guard !bytes.isEmpty else { return }
        let written = bytes.withUnsafeBytes { link.write($0) }
        guard written < bytes.count else { return }
        isBlocked = true
        guard let cut = cuts.first(where: { $0.end >= written }) else {
            rest = Array(bytes[written...])
            return
        }
        rest = Array(bytes[written..<cut.end])
        cursor = cut.cursor
    }

    private func fellShort(of batch: EventStreams.Batch, at written: Int) {
        isBlocked = true
        guard written > 0 else { return }
        var end = 0
        for event in batch.news.events {
            end += streams.encoder.form(of: event).bytes.count
            guard end < written else {
                rest = Array(batch.bytes[written..<end])
                cursor.advance(to: event.sequence)
                return
            }
        }
    }

    private static let plainBeat = Array(":\n\n".utf8)
    private static let chunkedBeat = Array("3\r\n:\n\n\r\n".utf8)
}
