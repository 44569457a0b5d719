// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One event stream: it writes what its cursor lacks whenever its socket takes more.
///
/// It holds no queue. What a socket did not take of one event is kept until it does; all else is
/// read from the log again, or told as a gap when it is no longer there.
final class StreamReader: Reader, LinkOwner, Stallable, Staying {
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
    /// A larger buffer is not kept for the next piece, in bytes.
    static let keptBytes = 4 * pieceBytes

    // What each delivery looks at stands first, and close together: with many streams, nothing of a
    // stream is in the processor's cache any more when its next event comes.
    let link: Link
    private unowned let streams: EventStreams
    private var isBlocked = false
    private var isOver = false
    /// True while the kernel has no time limit of ours: it would cut a peer that lives and is slow.
    private var isPatient = false
    private let options: Options
    var cursor = Cursor()
    var beat = EventStreams.Beat()
    /// What of the last write the socket did not take.
    private var rest: [UInt8] = []
    /// The entry that the rest is of, which the log may have let go of.
    private var unfinished: Event?
    /// What keeps the stream admitted; `nil` where that does not end.
    var stay: Stay?
    /// The address that it counts for.
    private let account: PeerAddress?

    /// Takes the link over; the caller attaches the reader to the hub and then calls `begin`.
    init(link: Link, account: PeerAddress?, options: Options, streams: EventStreams) {
        self.link = link
        self.account = account
        self.options = options
        self.streams = streams
    }

    /// Writes the response's head and everything that the cursor already lacks.
    func begin(head: [UInt8]) {
        link.owner = self
        link.setUserTimeout(streams.userTimeout)
        streams.opened(self)
        pump(first: head)
    }

    func newsIsNear() { Prefetch.object(link) }

    func newsCame(on channel: Channel) {
        guard !isBlocked, !isOver else { return }
        guard options == .isChunked, let batch = streams.batch(for: channel),
            cursor.takes(batch.news)
        else { return pump() }
        let written = batch.bytes.withUnsafeBytes { link.write($0) }
        if written == batch.bytes.count {
            cursor.advance(to: batch.last)
            streams.delivered.told(events: batch.news.events.count)
        } else {
            fellShort(of: batch, at: written)
        }
    }

    /// Says a comment, so that proxies and both ends know that the stream lives; one that is full
    /// is let go where its peer is dead.
    func sayBeat() {
        guard !isOver else { return }
        if isBlocked {
            guard link.isUnanswered else { return }
            link.close()
            return leave()
        }
        if isPatient {
            isPatient = false
            link.setUserTimeout(streams.userTimeout)
        }
        write(options.contains(.isChunked) ? Self.chunkedBeat : Self.plainBeat)
    }

    /// Cuts the stream where it stopped in the middle of a message that was deleted, or may have
    /// one in what the link holds.
    ///
    /// The rest is never sent; the client comes back, and goes on behind it.
    func retracted(by deletions: [Burial]) {
        guard hasUnfinished(of: deletions) || holdsUnsent(of: deletions) else { return }
        streams.stalls.isFree(self)
        link.close()
        leave()
    }

    private func hasUnfinished(of deletions: [Burial]) -> Bool {
        guard !isOver, !rest.isEmpty, let unfinished else { return false }
        return streams.hub.takeBack(unfinished, by: deletions)
    }

    /// The link holds a record that TLS has made, or the end of a stream, which reads no channel any
    /// more: it may be of any.
    private func holdsUnsent(of deletions: [Burial]) -> Bool {
        guard link.queuedBytes > 0 else { return false }
        return isOver || deletions.contains { cursor.reads($0.channel) }
    }

    func stalled() {
        link.close()
        leave()
    }

    /// Finishes the event that is on its way, tells nothing more, and closes in an orderly way.
    func end() {
        end(saying: [])
    }

    /// Ends like `end`, and says why as the last thing.
    func end(for reason: Denial) {
        var frame: [UInt8] = []
        EventStreamWriter.event(
            id: nil, name: "passerelle:denied",
            data: Array(#"{"reason":"\#(reason.word)"}"#.utf8), into: &frame)
        guard options.contains(.isChunked) else { return end(saying: frame) }
        var chunk: [UInt8] = []
        HTTPWriter.chunk(frame.span, into: &chunk)
        end(saying: chunk)
    }

    private func end(saying last: [UInt8]) {
        guard !isOver else { return }
        link.send(rest)
        link.send(last)
        if options.contains(.isChunked) { link.send(HTTPWriter.lastChunk) }
        link.finish()
        leave()
        if link.queuedBytes > 0 { streams.stalls.isFull(self) }
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // A client of a stream has nothing more to say.
    }

    func linkHasRoom(_ link: Link) {
        guard isBlocked, !isOver else { return }
        isBlocked = false
        streams.stalls.isFree(self)
        if !rest.isEmpty {
            let unsent = rest
            rest = []
            write(unsent)
        }
        if rest.isEmpty { unfinished = nil }
        if !isBlocked { pump() }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        streams.stalls.isFree(self)
        leave()
    }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        rest = []
        unfinished = nil
        stay?.end()
        stay = nil
        if isBlocked { streams.stalls.isFree(self) }
        streams.closed(self)
        streams.quotas.closed(link, for: account, user: cursor.userID)
        if let userID = cursor.userID {
            streams.left(cursor.channels.map(\.name), userID)
        }
        let now = Moment(
            steady: streams.loop.now,
            wall: WallTime(milliseconds: streams.loop.wallMilliseconds))
        streams.hub.detach(self, at: now)
    }

    // MARK: - Writing

    /// Writes on from the cursor until the socket is full or nothing is lacking.
    private func pump(first head: [UInt8] = []) {
        var head = head
        while !isBlocked {
            var piece = streams.scratch
            streams.scratch = []
            piece.removeAll(keepingCapacity: true)
            piece += head
            let start = cursor
            let told = fill(&piece)
            let isLast = piece.count < Self.pieceBytes
            let written = piece.withUnsafeBytes { link.write($0) }
            if written == piece.count {
                streams.delivered.add(told)
            } else {
                fellShort(of: piece, at: written, behind: start, headBytes: head.count)
            }
            head = []
            if piece.capacity <= Self.keptBytes { streams.scratch = piece }
            if isLast { return }
        }
    }

    /// Adds what the cursor lacks, one entry more than a piece holds at most; says what.
    private func fill(_ piece: inout [UInt8]) -> Deliveries {
        var told = Deliveries()
        while piece.count < Self.pieceBytes, let entry = next() {
            append(entry, to: &piece)
            told.told(entry)
        }
        return told
    }

    private func next() -> Entry? {
        streams.hub.next(&cursor, at: streams.loop.now)
    }

    private func append(_ entry: Entry, to piece: inout [UInt8]) {
        let now = WallTime(milliseconds: streams.loop.wallMilliseconds)
        if options == .isChunked {
            piece += streams.encoder.form(of: entry, at: cursor.sequence, now: now).bytes
            return
        }
        let frame = frame(of: entry, now: now)
        if options.contains(.isChunked) {
            HTTPWriter.chunk(frame.span, into: &piece)
        } else {
            piece += frame
        }
    }

    private func frame(of entry: Entry, now: WallTime) -> [UInt8] {
        if options.contains(.onlyData) {
            let position = streams.hub.position(at: cursor.sequence).text
            return EventEncoder.payloadFrame(of: entry, id: position)
        }
        let form = streams.encoder.form(of: entry, at: cursor.sequence, now: now)
        return Array(form.bytes[form.frame])
    }

    private func becameBlocked() {
        isBlocked = true
        streams.stalls.isFull(self)
        guard !isPatient else { return }
        isPatient = true
        link.setUserTimeout(.zero)
    }

    /// Writes what belongs to no entry, and keeps what the socket does not take.
    private func write(_ bytes: [UInt8]) {
        let written = bytes.withUnsafeBytes { link.write($0) }
        guard written < bytes.count else { return }
        becameBlocked()
        rest = Array(bytes[written...])
    }

    /// Keeps the rest of the entry in which the socket stopped and sets the cursor behind that
    /// entry: all others are read from the log again.
    ///
    /// Reading again from where the piece began gives the same entries, since the turn is the same.
    private func fellShort(
        of piece: [UInt8], at written: Int, behind start: Cursor, headBytes: Int
    ) {
        becameBlocked()
        cursor = start
        var end = headBytes
        var entry: [UInt8] = []
        var last: Event?
        while end < written, let again = next() {
            last = if case .event(let event) = again { event } else { nil }
            entry.removeAll(keepingCapacity: true)
            append(again, to: &entry)
            end += entry.count
            streams.delivered.told(again)
        }
        guard written < end else { return }
        rest = Array(piece[written..<end])
        unfinished = last
    }

    private func fellShort(of batch: EventStreams.Batch, at written: Int) {
        becameBlocked()
        guard written > 0 else { return }
        var end = 0
        for event in batch.news.events {
            end += streams.encoder.form(of: event).bytes.count
            streams.delivered.told(events: 1)
            guard end < written else {
                rest = Array(batch.bytes[written..<end])
                unfinished = event
                cursor.advance(to: event.sequence)
                return
            }
        }
    }

    private static let plainBeat = Array(":\n\n".utf8)
    private static let chunkedBeat = Array("3\r\n:\n\n\r\n".utf8)
}
