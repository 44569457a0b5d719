// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleWire

/// An event stream that comes back by itself as a browser's does, with the last position that it
/// was told, and keeps no more than counts: of numbered messages on one channel, `{"n":N}`, and of
/// what is typed there.
final class ResumingStream: LinkOwner {
    /// What all streams together went through.
    struct Counts {
        var deliveries = 0
        var gaps = 0
        /// How often a stream came back with a position.
        var resumptions = 0
        /// Gaps that said that the position was not known.
        var unknownPositions = 0
        /// Messages that came twice, but for those behind an unknown position.
        var doubles = 0
        /// Messages that did not come, and for which no gap speaks.
        var untold = 0
        /// How often it was told that somebody types.
        var typing = 0
        /// Typing that came again under a position under which it had come.
        var repeatedTyping = 0
        /// Typing that was past when the stream asked: of the gateway's life before, or stale.
        var staleTyping = 0
    }

    /// How long what is typed is news, and how far two clocks are apart at the most that were read at
    /// a turn's beginning.
    private static let typingAge: Duration = .seconds(3) + .seconds(1)

    private(set) var counts = Counts()
    /// The number of the newest message.
    private(set) var newest = 0
    /// Since when the gateway has lived that connections from now on are to.
    var lifeBegan = Date.distantPast
    private var position: String?
    private var isBehindGap = true
    private var isTyping = false
    private var typingPositions: Set<String> = []
    /// What was typed before this was past when the stream asked.
    private var typingBegins = Date.distantPast
    private var lines = EventLines()
    private var isOver = false
    private let stage: Stage
    private let address: ListenAddress
    private let target: String
    private let delay: Duration
    private var link: Link?

    /// Connects at once, and comes back so long after each end.
    init(_ stage: Stage, _ address: ListenAddress, _ target: String, delay: Duration) {
        self.stage = stage
        self.address = address
        self.target = target
        self.delay = delay
        connect()
    }

    /// Leaves for good.
    func close() {
        isOver = true
        link?.close()
        link = nil
    }

    private func connect() {
        guard !isOver else { return }
        lines = EventLines()
        typingBegins = max(lifeBegan, Date.now - Self.typingAge / .seconds(1))
        link = Dial.connect(
            loop: stage.loop, to: address, tls: nil, timeout: .seconds(30), owner: self)
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
        stage.loop.after(delay) { [weak self] in self?.connect() }
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
            counts.untold += number - newest - 1
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
            doubles: left.doubles + right.doubles, untold: left.untold + right.untold,
            typing: left.typing + right.typing,
            repeatedTyping: left.repeatedTyping + right.repeatedTyping,
            staleTyping: left.staleTyping + right.staleTyping)
    }
}
