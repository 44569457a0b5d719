// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client of `GET /events` that keeps the received bytes unchanged.
final class PlainStream: LinkOwner {
    private(set) var text = ""
    private(set) var end: LinkEnd?
    private let request: [UInt8]
    private let isPaused: Bool
    private var link: Link?

    /// Sends the request at once.
    ///
    /// If `isPaused`, it reads nothing of the answer before `resume`.
    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ target: String,
        isPaused: Bool = false
    ) {
        self.isPaused = isPaused
        request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: target, fields: ["Host": "localhost"]))
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: nil, timeout: hangLimit, owner: self)
    }

    /// True once these words have been received.
    func has(_ words: String) -> Bool { text.contains(words) }

    /// The number of events of a name that have begun to arrive.
    func count(of event: String) -> Int {
        text.split(separator: "\n").count { $0 == "event: \(event)" }
    }

    func resume() { link?.resume() }

    func close() { link?.close() }

    func linkOpened(_ link: Link) {
        link.send(request)
        if isPaused { link.pause() }
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        text += String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) { self.end = end }
}
