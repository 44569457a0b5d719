// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One test stream, which sends numbered frames at given times and then ends.
///
/// All its frames together are smaller than 2 KiB: it needs no bound of its own for its output.
final class DiagnoseStream: LinkOwner, Stallable {
    let link: Link
    private unowned let diagnoses: Diagnoses
    private let account: PeerAddress?
    private let isChunked: Bool
    private var frames: DiagnoseFrames
    private var timer: TimerToken?
    private var isEnded = false
    /// True while the connection is counted.
    private var countsConnection = true

    /// Takes over the link.
    init(
        link: Link, account: PeerAddress?, isChunked: Bool, frames: DiagnoseFrames,
        diagnoses: Diagnoses
    ) {
        self.link = link
        self.account = account
        self.isChunked = isChunked
        self.frames = frames
        self.diagnoses = diagnoses
        link.owner = self
    }

    /// Writes the response's head and the first frame.
    func begin(head: [UInt8]) {
        put(head)
        act()
    }

    /// Ends the stream in an orderly way, before its time; the client sees that it is not complete.
    func end() {
        guard !isEnded else { return }
        if isChunked { link.send(HTTPWriter.lastChunk) }
        link.finish()
        detach()
        if link.queuedBytes > 0 { diagnoses.stalls.becameFull(self) }
    }

    func cut() {
        link.close()
        detach()
        releaseConnection()
    }

    /// Does nothing: no frame contains an event.
    func retracted(by retractions: [Retraction]) {}

    // MARK: - Frames

    private func act() {
        timer = nil
        guard !isEnded else { return }
        guard !link.peerIsDead else { return diagnoses.stalls.peerDied(self) }
        switch frames.action(at: diagnoses.loop.now) {
        case .send(let number):
            let time = diagnoses.loop.wallMilliseconds
            send("frame", #"{"n":\#(number),"time":\#(time)}"#)
            let delay = frames.next - diagnoses.loop.now
            timer = diagnoses.loop.scheduleTask(in: max(delay, .zero)) { [weak self] in self?.act()
            }
        case .end:
            send("end", #"{"end":true}"#)
            end()
        }
    }

    private func send(_ name: String, _ json: String) {
        var frame: [UInt8] = []
        EventStreamWriter.event(id: nil, name: name, data: Array(json.utf8), into: &frame)
        guard isChunked else { return put(frame) }
        var chunk: [UInt8] = []
        HTTPWriter.chunk(frame.span, into: &chunk)
        put(chunk)
    }

    private func put(_ bytes: [UInt8]) {
        link.send(bytes)
        if link.queuedBytes > 0 { diagnoses.stalls.becameFull(self) }
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        // Further input on a stream is ignored.
    }

    func linkBecameWritable(_ link: Link) {
        diagnoses.stalls.becameWritable(self)
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        diagnoses.stalls.ended(link, end)
        diagnoses.stalls.becameWritable(self)
        detach()
        releaseConnection()
    }

    private func detach() {
        guard !isEnded else { return }
        isEnded = true
        if let timer { diagnoses.loop.cancel(timer) }
        timer = nil
        diagnoses.stalls.becameWritable(self)
        diagnoses.closed(self, account)
    }

    private func releaseConnection() {
        guard countsConnection else { return }
        countsConnection = false
        diagnoses.quotas.ended(link)
    }
}
