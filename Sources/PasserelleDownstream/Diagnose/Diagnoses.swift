// SPDX-License-Identifier: MIT

import PasserelleNet

/// The open test streams of `/diagnose`, and what test streams and polls share.
final class Diagnoses {
    let loop: EventLoop
    let stalls: StallWatch
    let quotas: Quotas
    private var streams: [ObjectIdentifier: DiagnoseStream] = [:]

    init(loop: EventLoop, stalls: StallWatch, quotas: Quotas) {
        self.loop = loop
        self.stalls = stalls
        self.quotas = quotas
    }

    /// The number of open streams.
    var streamCount: Int { streams.count }

    /// Opens a stream on a link; `account` is the address that it is counted for.
    func open(
        _ link: Link, head: [UInt8], isChunked: Bool, frames: DiagnoseFrames, account: PeerAddress?
    ) {
        let stream = DiagnoseStream(
            link: link, account: account, isChunked: isChunked, frames: frames, diagnoses: self)
        streams[ObjectIdentifier(stream)] = stream
        stream.begin(head: head)
    }

    func closed(_ stream: DiagnoseStream, _ account: PeerAddress?) {
        streams[ObjectIdentifier(stream)] = nil
        quotas.endedDiagnosis(of: account)
    }

    /// Ends every stream.
    func drain() {
        for stream in streams.values { stream.end() }
    }
}
