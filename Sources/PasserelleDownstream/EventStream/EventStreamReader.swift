// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One event stream, which writes the entries after its cursor whenever its socket is writable.
///
/// It has no queue. If the socket takes an event only in part, the rest is kept until it is taken;
/// all else is read from the log again, or reported as a gap if it has left the log.
///
/// A *frame* is an entry in the format of an event stream, and a *form* an encoding of it with all
/// its parts (`EncodedForm`). A *batch* has the forms of a channel's new events in this turn; all
/// streams that lack exactly these write it. All other entries are combined in *pieces* by `pump`,
/// one write each.
final class EventStreamReader: AuthorizedReader, LinkOwner, Stallable {
    /// The format of a stream.
    struct Options: OptionSet {
        let rawValue: UInt8
        /// Uses HTTP's chunked coding; without it, the stream ends with the connection.
        static let isChunked = Options(rawValue: 1)
        /// `format=data`: sends the payload alone instead of the event object.
        static let onlyData = Options(rawValue: 2)
    }

    /// Whether the stream can write.
    enum State {
        /// The socket takes bytes.
        case writable
        /// The socket is full, with a part of the last write if it took that in part.
        case full(PartialWrite?)
        /// The stream has ended; its connection may still have output.
        case ended
    }

    /// The part of a write that the socket did not take.
    ///
    /// It is an object so that the state of a stream, which each delivery reads, is one word.
    final class PartialWrite {
        /// The rest of the bytes; a slice of the event's encoded form if that was written.
        let bytes: ArraySlice<UInt8>
        /// The event that the bytes belong to; it may have left the log.
        let event: Event?

        init(_ bytes: ArraySlice<UInt8>, of event: Event?) {
            self.bytes = bytes
            self.event = event
        }
    }

    /// Bytes of replay that are combined in one write.
    static let maximumWriteBytes = 65_536
    /// The capacity in bytes above which a buffer is not reused for the next piece.
    static let maximumReusedCapacity = 4 * maximumWriteBytes

    // The fields that each delivery reads come first and close together: with many streams, a
    // stream's fields are no longer in the processor's cache when its next event arrives.
    let link: Link
    unowned let streams: EventStreams
    private(set) var state = State.writable
    let options: Options
    /// True if the client was told that Channels is away.
    var hasReportedOutage = false
    var cursor = Cursor()
    var keepAliveSlot = EventStreams.KeepAliveSlot()
    /// The lease that keeps the stream authorized; `nil` if the authorization does not expire.
    var lease: AuthRouteCache.LeaseID?
    /// The deadline for the peer to take the end of the stream; set once the stream is ending.
    private(set) var drainDeadline: Duration?
    /// The address that the stream is counted for.
    let account: PeerAddress?
    /// True while the connection is counted: output of an ended stream may wait for some time.
    private var countsConnection = true

    /// Takes over the link; the caller must attach the reader to the hub and then call `begin`.
    init(link: Link, account: PeerAddress?, options: Options, streams: EventStreams) {
        self.link = link
        self.account = account
        self.options = options
        self.streams = streams
    }

    /// Writes the response's head, the event `passerelle:upstream` if Channels is away, and all
    /// entries after the cursor.
    func begin(head: [UInt8]) {
        link.owner = self
        streams.opened(self)
        hasReportedOutage = streams.upstream.isAway
        pump(first: hasReportedOutage ? head + upstreamFrame : head)
    }

    func prefetch() { Prefetch.object(link) }

    var isEnded: Bool { if case .ended = state { true } else { false } }

    private var isWritable: Bool { if case .writable = state { true } else { false } }

    /// The part of the last write that waits for a full socket.
    private var partialWrite: PartialWrite? {
        if case .full(let rest) = state { rest } else { nil }
    }

    func updatesAvailable(on channel: Channel) {
        guard isWritable else { return }
        guard options == .isChunked, let batch = batch(for: channel), cursor.takes(batch.update)
        else { return pump() }
        guard !batch.bytes.isEmpty else { return cursor.advance(to: batch.last) }
        let written = batch.bytes.withUnsafeBytes { link.write($0) }
        if written == batch.bytes.count {
            cursor.advance(to: batch.last)
            streams.delivered.delivered(events: batch.events.count)
        } else {
            handlePartialWrite(of: batch, at: written)
        }
    }

    private func batch(for channel: Channel) -> EventStreams.Batch? {
        guard let filter = cursor.filter else { return streams.batch(for: channel) }
        return streams.batch(for: channel, passing: filter)
    }

    /// Writes a keep-alive comment, so that proxies and both ends know that the stream is alive.
    ///
    /// A stream with a filter sends its position with it, as an `id:` without an event: the last
    /// event that the client received may be old and leave the log.
    func sendKeepAlive() {
        guard isWritable else { return }
        if cursor.filter != nil, cursor.isSettled {
            let position = streams.hub.position(at: cursor.sequence).text
            return write(inTransferCoding(Array(":\nid: \(position)\n\n".utf8))[...])
        }
        write(
            options.contains(.isChunked) ? Self.chunkedKeepAlive[...] : Self.keepAliveComment[...])
    }

    /// Sends `passerelle:upstream` if the client was told the other state of Channels; a stream
    /// that is full sends it later.
    func upstreamChanged() {
        guard isWritable, hasReportedOutage != streams.upstream.isAway else { return }
        hasReportedOutage = streams.upstream.isAway
        write(upstreamFrame)
    }

    /// The event `passerelle:upstream` in this stream's format; a slice of what all streams share.
    private var upstreamFrame: ArraySlice<UInt8> {
        let upstream = streams.upstream
        let form = options.contains(.onlyData) ? upstream.payloadForm : upstream.form
        return options.contains(.isChunked) ? form.bytes[...] : form.bytes[form.frame]
    }

    /// Closes the stream if its peer is dead; a blocked stream is checked by the stall watch.
    func checkPeer() {
        guard isWritable, link.peerIsDead else { return }
        streams.stalls.peerDied(self)
    }

    /// Cuts the stream if it stopped inside a retracted message or the link's queue may have one.
    ///
    /// The rest is never sent; the client reconnects and continues after the message.
    func retracted(by retractions: [Retraction]) {
        guard hasUnfinished(of: retractions) || holdsUnsent(of: retractions) else { return }
        streams.stalls.becameWritable(self)
        cut()
    }

    private func hasUnfinished(of retractions: [Retraction]) -> Bool {
        guard let event = partialWrite?.event else { return false }
        return streams.hub.retract(event, by: retractions)
    }

    /// True if the link's queue may contain a retracted message.
    ///
    /// The queue holds a TLS record, or the end of a stream, which may have any channel's messages.
    private func holdsUnsent(of retractions: [Retraction]) -> Bool {
        guard link.queuedBytes > 0 else { return false }
        return isEnded || retractions.contains { cursor.reads($0.channel) }
    }

    /// The link's queue, plus the rest of an entry unless the log holds that entry anyway.
    ///
    /// The rest keeps alive the whole array that it is a slice of, and the entry its source.
    var heldBytes: Int {
        guard let rest = partialWrite else { return link.queuedBytes }
        guard let event = rest.event else { return link.queuedBytes + rest.bytes.endIndex }
        let isInLog = streams.hub.holds(event)
        if isInLog, options == .isChunked { return link.queuedBytes }
        return link.queuedBytes + rest.bytes.endIndex + (isInLog ? 0 : event.cost / 2)
    }

    func cut() {
        link.close()
        detach()
        releaseConnection()
    }

    /// Sends the rest of the current event and ends the stream in an orderly way.
    func end() {
        end(sending: [])
    }

    /// Ends the stream like `end()`, with the reason as the last event.
    func end(for reason: Denial) {
        var frame: [UInt8] = []
        EventStreamWriter.event(
            id: nil, name: Denial.event, data: Array(reason.json.utf8), into: &frame)
        end(sending: inTransferCoding(frame))
    }

    /// Ends the stream like `end()`; its client returns after this delay.
    func end(returningIn milliseconds: Int) {
        var frame: [UInt8] = []
        EventStreamWriter.retry(milliseconds: milliseconds, into: &frame)
        end(sending: inTransferCoding(frame))
    }

    /// Returns frames of the event stream in the stream's transfer coding.
    private func inTransferCoding(_ frames: [UInt8]) -> [UInt8] {
        guard options.contains(.isChunked) else { return frames }
        var chunk: [UInt8] = []
        HTTPWriter.chunk(frames.span, into: &chunk)
        return chunk
    }

    private func end(sending last: [UInt8]) {
        guard !isEnded else { return }
        if let rest = partialWrite { link.send(Array(rest.bytes)) }
        link.send(last)
        if options.contains(.isChunked) { link.send(HTTPWriter.lastChunk) }
        link.finish()
        detach()
        guard link.queuedBytes > 0 else { return }
        drainDeadline = streams.loop.now + streams.quotas.limits.answerTime
        streams.stalls.becameFull(self)
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // Further input on a stream is ignored.
    }

    func linkBecameWritable(_ link: Link) {
        guard case .full(let rest) = state else { return }
        state = .writable
        streams.stalls.becameWritable(self)
        if let rest { write(rest.bytes, of: rest.event) }
        if isWritable { pump() }
        upstreamChanged()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        streams.stalls.ended(link, end)
        streams.stalls.becameWritable(self)
        detach()
        releaseConnection()
    }

    private func releaseConnection() {
        guard countsConnection else { return }
        countsConnection = false
        streams.quotas.ended(link)
    }

    /// Detaches the stream from the hub and releases its share of the limits.
    private func detach() {
        guard !isEnded else { return }
        if !isWritable { streams.stalls.becameWritable(self) }
        state = .ended
        if let lease { streams.authenticator?.endLease(lease) }
        lease = nil
        streams.users.remove(self)
        streams.closed(self)
        streams.quotas.closed(for: account, user: cursor.userID)
        if let userID = cursor.userID {
            streams.left(cursor.channels.map(\.name), userID)
        }
        streams.hub.detach(self, at: streams.loop.moment)
    }

    // MARK: - Writing

    /// Writes entries after the cursor until the socket is full or the stream is up to date.
    func pump(first head: [UInt8] = []) {
        var head = head
        while isWritable {
            var piece = streams.scratch
            streams.scratch = []
            piece.removeAll(keepingCapacity: true)
            piece += head
            let start = cursor
            let deliveries = fill(&piece)
            streams.pumpedBytes &+= piece.count
            let isLast = piece.count < Self.maximumWriteBytes
            let written = piece.withUnsafeBytes { link.write($0) }
            if written == piece.count {
                streams.delivered.add(deliveries)
            } else {
                handlePartialWrite(of: piece, at: written, behind: start, headBytes: head.count)
            }
            head = []
            if piece.capacity <= Self.maximumReusedCapacity { streams.scratch = piece }
            if isLast { return }
        }
    }

    /// Appends the entries after the cursor until the piece is full; the last one may exceed it.
    private func fill(_ piece: inout [UInt8]) -> Deliveries {
        var deliveries = Deliveries()
        while piece.count < Self.maximumWriteBytes, let entry = next() {
            append(entry, to: &piece)
            deliveries.delivered(entry)
        }
        return deliveries
    }

    private func next() -> Entry? {
        streams.hub.next(&cursor, at: streams.loop.now)
    }

    private func append(_ entry: Entry, to piece: inout [UInt8]) {
        let now = streams.loop.moment.wall
        if options == .isChunked {
            piece += form(of: entry, now: now).bytes
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
            return EventEncoder.payloadFrame(of: entry, id: position, for: recipient)
        }
        let form = form(of: entry, now: now)
        return Array(form.bytes[form.frame])
    }

    private func form(of entry: Entry, now: WallTime) -> EncodedForm {
        streams.encoder.form(of: entry, at: cursor.sequence, for: recipient, now: now)
    }

    private var recipient: Recipient {
        Recipient(userID: cursor.userID, upstream: streams.upstream.state)
    }

    /// Marks the socket as full and keeps the bytes that it did not take.
    private func becameFull(keeping unsent: ArraySlice<UInt8> = [], of event: Event? = nil) {
        state = .full(unsent.isEmpty ? nil : PartialWrite(unsent, of: event))
        streams.stalls.becameFull(self)
    }

    /// Writes bytes that are not a new entry, and keeps those that the socket does not take.
    func write(_ bytes: ArraySlice<UInt8>, of event: Event? = nil) {
        let written = bytes.withUnsafeBytes { link.write($0) }
        guard written < bytes.count else { return }
        becameFull(keeping: bytes.dropFirst(written), of: event)
    }

    /// Keeps the rest of the entry in which the socket stopped and moves the cursor past that
    /// entry; all later ones are read from the log again.
    ///
    /// Reading again from `start` gives the same entries, since the turn is the same.
    private func handlePartialWrite(
        of piece: [UInt8], at written: Int, behind start: Cursor, headBytes: Int
    ) {
        cursor = start
        var end = headBytes
        var entry: [UInt8] = []
        var last: Event?
        while end < written, let again = next() {
            last = if case .event(let event) = again { event } else { nil }
            entry.removeAll(keepingCapacity: true)
            append(again, to: &entry)
            end += entry.count
            streams.delivered.delivered(again)
        }
        guard written < end else { return becameFull() }
        if let last, options == .isChunked {
            return becameFull(keeping: end - written, of: last)
        }
        becameFull(keeping: Array(piece[written..<end])[...], of: last)
    }

    private func handlePartialWrite(of batch: EventStreams.Batch, at written: Int) {
        guard written > 0 else { return becameFull() }
        var end = 0
        for event in batch.events {
            end += streams.encoder.form(of: event).bytes.count
            streams.delivered.delivered(events: 1)
            guard end < written else {
                cursor.advance(to: event.sequence)
                return becameFull(keeping: end - written, of: event)
            }
        }
    }

    /// Keeps the last `count` bytes of an event's encoded form, which all readers share.
    private func becameFull(keeping count: Int, of event: Event) {
        becameFull(keeping: streams.encoder.form(of: event).bytes.suffix(count), of: event)
    }

    private static let keepAliveComment = Array(":\n\n".utf8)
    private static let chunkedKeepAlive = Array("3\r\n:\n\n\r\n".utf8)
}
