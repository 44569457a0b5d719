// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// An event stream that must not end: it counts what it receives, and how long it receives nothing.
final class UnbrokenStream: LinkOwner {
    private(set) var messages = NumberedDeliveries()
    /// The number of typing events, and of those with a position that came before.
    private(set) var typing = 0
    private(set) var repeatedTyping = 0
    /// The number of members that left.
    private(set) var departures = 0
    /// True once the stream has ended.
    private(set) var end: LinkEnd?
    /// The longest time between two receptions since `restartClock`.
    private(set) var longestSilence: Duration = .zero
    /// All bytes, if they are kept.
    private(set) var text = ""
    private var last: Duration?
    private var positions: Set<String> = []
    private var position = ""
    private var event = ""
    private var lines = EventLines()
    private let keepsText: Bool
    private let fixture: EndToEndFixture
    private let request: [UInt8]
    private var link: Link?

    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ target: String,
        version: HTTPVersion = .http11, fields: HTTPFields = [:], tls: TLSClient? = nil,
        keepsText: Bool = false
    ) {
        self.fixture = fixture
        self.keepsText = keepsText
        var fields = fields
        fields.set("Host", "localhost")
        request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: target, fields: fields, version: version))
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: tls, timeout: hangLimit, owner: self)
    }

    /// Stops and continues to read.
    func pause() { link?.pause() }
    func resume() { link?.resume() }

    func close() {
        link?.close()
        link = nil
    }

    /// Measures the silence from now on.
    func restartClock() {
        longestSilence = .zero
        last = fixture.loop.now
    }

    func linkOpened(_ link: Link) { link.send(request) }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        self.end = end
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        if let last { longestSilence = max(longestSilence, fixture.loop.now - last) }
        last = fixture.loop.now
        if keepsText { text += String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        lines.append(bytes) { take($0) }
    }

    private func take(_ line: [UInt8]) {
        if line.starts(with: Self.id) {
            position = String(decoding: line.dropFirst(Self.id.count), as: UTF8.self)
        } else if line.starts(with: Self.event) {
            event = String(decoding: line.dropFirst(Self.event.count), as: UTF8.self)
        } else if line.starts(with: Self.data) {
            take(data: String(decoding: line.dropFirst(Self.data.count), as: UTF8.self))
        }
    }

    private func take(data: String) {
        messages.moved(to: position)
        switch event {
        case "client-typing":
            typing += 1
            if !positions.insert(position).inserted { repeatedTyping += 1 }
        case "pusher:member_removed": departures += 1
        case "passerelle:gap": messages.takeGap(data)
        case "new-message":
            guard let start = data.firstRange(of: #"{"n":"#)?.upperBound else { return }
            messages.take(Int(data[start...].prefix { $0.isNumber }) ?? 0)
        default: break
        }
    }

    private static let id = Array("id: ".utf8)
    private static let event = Array("event: ".utf8)
    private static let data = Array("data: ".utf8)
}
