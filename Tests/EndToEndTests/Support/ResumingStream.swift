// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// An event stream that reconnects by itself as a browser does, with the last position received.
///
/// It keeps only counts: of numbered messages on one channel, `{"n":N}`, and of typing events
/// there. Its position changes with the data of an event, not with the id before it.
final class ResumingStream: LinkOwner {
    /// The counts of one stream, or the sum over several.
    struct Counts {
        /// The number of reconnections with a position.
        var resumptions = 0
        /// The number of typing events.
        var typing = 0
        /// The number of typing events with a position that a typing event had before.
        var repeatedTyping = 0
        /// The number of typing events that were stale when the stream connected, or older than the
        /// gateway's start.
        var staleTyping = 0
    }

    /// The time until typing is stale, and the largest difference between two clocks that are read
    /// at the beginning of a turn.
    private static let typingAge: Duration = .seconds(3) + .seconds(1)

    private(set) var counts = Counts()
    private(set) var messages = NumberedDeliveries()
    /// The start of the gateway that later connections reach.
    var lifeBegan = Date.distantPast
    private var position: String?
    /// The position of the event that is being received.
    private var nextPosition: String?
    private var isTyping = false
    private var typingPositions: Set<String> = []
    /// Typing events before this time were stale when the stream connected.
    private var typingBegins = Date.distantPast
    private var lines = EventLines()
    private var isEnded = false
    private let fixture: EndToEndFixture
    private let address: ListenAddress
    private let target: String
    private let delay: Duration
    private let passesQuery: Bool
    private var link: Link?

    /// Connects at once, and reconnects after `delay` whenever the stream ends, with the position
    /// in the query or in the field of an `EventSource`.
    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ target: String, delay: Duration,
        passesQuery: Bool = false
    ) {
        self.passesQuery = passesQuery
        self.fixture = fixture
        self.address = address
        self.target = target
        self.delay = delay
        connect()
    }

    /// Closes the stream for good.
    func close() {
        isEnded = true
        link?.close()
        link = nil
    }

    private func connect() {
        guard !isEnded else { return }
        lines = EventLines()
        typingBegins = max(lifeBegan, Date.now - Self.typingAge / .seconds(1))
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: nil, timeout: hangLimit, owner: self)
    }

    func linkOpened(_ link: Link) {
        var fields: HTTPFields = ["Host": "localhost"]
        var target = target
        if let position {
            counts.resumptions += 1
            if passesQuery {
                target += "&after=\(position)"
            } else {
                fields.set("Last-Event-ID", position)
            }
        }
        link.send(HTTPWriter.request(HTTPRequest(method: "GET", target: target, fields: fields)))
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        fixture.loop.scheduleTask(in: delay) { [weak self] in self?.connect() }
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        lines.append(bytes) { take($0) }
    }

    private func take(_ line: [UInt8]) {
        if line.starts(with: Self.id) {
            nextPosition = String(decoding: line.dropFirst(Self.id.count), as: UTF8.self)
        } else if line.starts(with: Self.event) {
            isTyping = line == Self.typing
        } else if line.starts(with: Self.data) {
            take(data: line[Self.data.count...])
        }
    }

    private func take(data: ArraySlice<UInt8>) {
        let text = String(decoding: data, as: UTF8.self)
        if let nextPosition {
            position = nextPosition
            messages.moved(to: nextPosition)
        }
        nextPosition = nil
        if isTyping {
            takeTyping(text)
        } else if text.contains(#""event":"passerelle:gap""#) {
            messages.takeGap(text)
        } else if let start = text.firstRange(of: #"{"n":"#)?.upperBound,
            let number = Int(text[start...].prefix { $0.isNumber })
        {
            messages.take(number)
        }
    }

    private func takeTyping(_ text: String) {
        counts.typing += 1
        if !typingPositions.insert(position ?? "").inserted { counts.repeatedTyping += 1 }
        let time = text.firstRange(of: #""time":""#).map { text[$0.upperBound...].prefix(24) }
        let date = time.flatMap { try? Self.time.parse(String($0)) }
        if date.map({ $0 < typingBegins }) ?? true { counts.staleTyping += 1 }
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static let id = Array("id: ".utf8)
    private static let event = Array("event: ".utf8)
    private static let typing = Array("event: client-typing".utf8)
    private static let data = Array("data: ".utf8)
}

extension ResumingStream.Counts {
    static func + (left: Self, right: Self) -> Self {
        Self(
            resumptions: left.resumptions + right.resumptions, typing: left.typing + right.typing,
            repeatedTyping: left.repeatedTyping + right.repeatedTyping,
            staleTyping: left.staleTyping + right.staleTyping)
    }
}
