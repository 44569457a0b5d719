// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// A client of `GET /events` that keeps the bytes as they come, whatever they are.
final class PlainStream: LinkOwner {
    private(set) var text = ""
    private(set) var end: LinkEnd?
    private let request: [UInt8]
    private let isPaused: Bool
    private var link: Link?

    /// Asks at once; one that `isPaused` takes nothing of the answer before `resume`.
    init(_ stage: Stage, _ address: ListenAddress, _ target: String, isPaused: Bool = false) {
        self.isPaused = isPaused
        request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: target, fields: ["Host": "localhost"]))
        link = Dial.connect(
            loop: stage.loop, to: address, tls: nil, timeout: .seconds(30), owner: self)
    }

    /// True once those words have come.
    func has(_ words: String) -> Bool { text.contains(words) }

    /// How many events of a name have begun to come.
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
