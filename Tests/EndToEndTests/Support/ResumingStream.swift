// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// An event stream that reconnects by itself as a browser does, with the last position received.
///
/// It keeps only counts: of numbered messages on one channel, `{"n":N}`, and of typing events
/// there.
final class ResumingStream: LinkOwner {
    /// The counts of one stream, or the sum over several.
    struct Counts {
        var deliveries = 0
        var gaps = 0
        /// The number of reconnections with a position.
        var resumptions = 0
        /// The number of gaps with the reason that the position was unknown.
        var unknownPositions = 0
        /// The number of messages that arrived twice, except after an unknown position.
        var doubles = 0
        /// The number of missing messages that no gap covers.
        var missed = 0
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
    /// The number of the newest message.
    private(set) var newest = 0
    /// The start of the gateway that later connections reach.
    var lifeBegan = Date.distantPast
    private var position: String?
    private var isBehindGap = true
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
    private var link: Link?

    /// Connects at once, and reconnects after `delay` whenever the stream ends.
    init(_ fixture: EndToEndFixture, _ address: ListenAddress, _ target: String, delay: Duration) {
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
        if let position {
            fields.set("Last-Event-ID", position)
            counts.resumptions += 1
        }
        link.send(HTTPWriter.request(HTTPRequest(method: "GET", target: target, fields: fields)))
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        fixture.loop.after(delay) { [weak self] in self?.connect() }
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        lines.append(bytes) { take($0) }
    }

    private func take(_ line: [UInt8]) {
        if line.starts(with: Self.id) {
            position = String(decoding: line.dropFirst(Self.id.count), as: UTF8.self)
        } else if line.starts(with: Self.event) {
            isTyping = line == Self.typing
        } else if line.starts(with: Self.data) {
            take(data: line[Self.data.count...])
        }
    }

    private func take(data: ArraySlice<UInt8>) {
        let text = String(decoding: data, as: UTF8.self)
        if isTyping {
            takeTyping(text)
        } else if text.contains(#""event":"passerelle:gap""#) {
            counts.gaps += 1
            isBehindGap = true
            guard text.contains("unknown-position") else { return }
            counts.unknownPositions += 1
            newest = 0
        } else if let start = text.firstRange(of: #"{"n":"#)?.upperBound,
            let number = Int(text[start...].prefix { $0.isNumber })
        {
            take(number)
        }
    }

    private func take(_ number: Int) {
        counts.deliveries += 1
        if number <= newest {
            counts.doubles += 1
        } else if number > newest + 1, !isBehindGap {
            counts.missed += number - newest - 1
        }
        isBehindGap = false
        newest = max(newest, number)
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
            deliveries: left.deliveries + right.deliveries, gaps: left.gaps + right.gaps,
            resumptions: left.resumptions + right.resumptions,
            unknownPositions: left.unknownPositions + right.unknownPositions,
            doubles: left.doubles + right.doubles, missed: left.missed + right.missed,
            typing: left.typing + right.typing,
            repeatedTyping: left.repeatedTyping + right.repeatedTyping,
            staleTyping: left.staleTyping + right.staleTyping)
    }
}
