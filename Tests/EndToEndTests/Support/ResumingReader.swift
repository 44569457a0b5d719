// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A reader of one channel by polls or by the line protocol, which reconnects by itself and
/// continues at its last position.
final class ResumingReader: LinkOwner {
    /// The way to read and to pass the position.
    enum Style: String, CaseIterable {
        case pollByQuery = "poll, after="
        case pollByTag = "poll, If-None-Match"
        /// As behind a proxy that compresses answers.
        case pollByRewrittenTag = "poll, rewritten tag"
        case history = "HISTORY"
        case subscription = "SUBSCRIBE"

        var isLine: Bool { self == .history || self == .subscription }
    }

    let style: Style
    private(set) var messages = NumberedDeliveries()
    /// How often the connection ended.
    private(set) var ends = 0
    /// The first answer that this client does not expect.
    private(set) var failure: (any Error)?
    private var position: String?
    private let fixture: EndToEndFixture
    private let address: ListenAddress
    private let channel: String
    private let delay: Duration
    private var link: Link?
    private var isEnded = false
    private var splitter = LineSplitter(limit: 16 << 20)
    private var parser = HTTPResponseParser(limits: HTTPLimits(bodyBytes: 64 << 20))

    /// Connects at once, and reconnects after `delay` whenever the connection ends.
    init(
        _ fixture: EndToEndFixture, _ style: Style, _ gateway: GatewayProcess, _ channel: String,
        delay: Duration
    ) {
        self.fixture = fixture
        self.style = style
        self.channel = channel
        self.delay = delay
        address = style.isLine ? .unix(path: gateway.ipc) : gateway.http
        connect()
    }

    /// Closes the connection for good.
    func close() {
        isEnded = true
        link?.close()
        link = nil
    }

    private func connect() {
        guard !isEnded else { return }
        splitter = LineSplitter(limit: 16 << 20)
        parser = HTTPResponseParser(limits: HTTPLimits(bodyBytes: 64 << 20))
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: nil, timeout: hangLimit, owner: self)
    }

    func linkOpened(_ link: Link) { ask() }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        ends += 1
        fixture.loop.scheduleTask(in: delay) { [weak self] in self?.connect() }
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        do {
            if style.isLine {
                splitter.append(bytes)
                while let line = try splitter.next() { try take(LineReply.parse(line.span)) }
            } else {
                parser.append(bytes)
                while let answer = try parser.next() { try take(answer) }
            }
        } catch {
            failure = failure ?? error
        }
    }

    private func ask() {
        let after = position.map { "after=\($0)" }
        switch style {
        case .history, .subscription:
            let words = [style.rawValue, channel] + (after.map { [$0] } ?? [])
            link?.send(Array((words.joined(separator: " ") + "\n").utf8))
        case .pollByQuery, .pollByTag, .pollByRewrittenTag:
            var fields: HTTPFields = ["Host": "localhost"]
            var target = "/poll?channel=\(channel)" + (position == nil ? "" : "&wait=20")
            if style == .pollByQuery {
                target += after.map { "&" + $0 } ?? ""
            } else if let position {
                let isRewritten = style == .pollByRewrittenTag
                fields.set(
                    "If-None-Match", isRewritten ? "W/\"\(position)-gzip\"" : "\"\(position)\"")
            }
            link?.send(
                HTTPWriter.request(HTTPRequest(method: "GET", target: target, fields: fields)))
        }
    }

    private func askAgain(in time: Duration) {
        fixture.loop.scheduleTask(in: time) { [weak self, weak link] in
            guard let self, let link, link === self.link else { return }
            self.ask()
        }
    }

    private func take(_ reply: LineReply) throws {
        switch reply {
        case .event(let json):
            guard !UpstreamNotice.isOne(json) else { return }
            let event = try DeliveredEvent(json)
            position = event.id
            try messages.take(event)
        case .ok(_, _, let json?):
            let json = try JSONText(json)
            if style == .history { try take(page: json) }
            try moved(to: json)
            if style == .history { askAgain(in: .milliseconds(50)) }
        case .ok(_, _, nil): throw TestFailure("\(style): \(reply)")
        case .error(let code, _) where code == "upstream-unavailable":
            askAgain(in: .milliseconds(50))
        case .error: throw TestFailure("\(style): \(reply)")
        }
    }

    private func take(_ answer: HTTPResponse) throws {
        switch answer.status {
        case 200:
            let json = try JSONText(answer.body)
            try take(page: json)
            try moved(to: json)
            askAgain(in: .zero)
        case 304: askAgain(in: .zero)
        case 503: askAgain(in: .milliseconds(50))
        default: throw TestFailure("\(style): \(answer)")
        }
    }

    private func take(page: JSONText) throws {
        for element in try page.elements(["events"]) { try messages.take(DeliveredEvent(element)) }
    }

    private func moved(to page: JSONText) throws {
        let next = try page.string(["position"])
        position = next
        messages.moved(to: next)
    }
}
