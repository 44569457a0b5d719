// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// What one well-behaved reader of numbered events has heard, and what it should have.
struct Hearing {
    /// The number of the newest event.
    private(set) var newest = 0
    /// Events that came twice, or behind a later one.
    private(set) var doubles = 0
    /// Events that did not come, and for which no gap speaks.
    private(set) var untold = 0
    private(set) var gaps = 0
    private var isBehindGap = false

    mutating func heardGap() {
        gaps += 1
        isBehindGap = true
    }

    mutating func heard(_ number: Int) {
        if number <= newest {
            doubles += 1
        } else if number > newest + 1, !isBehindGap {
            untold += number - newest - 1
        }
        isBehindGap = false
        newest = max(newest, number)
    }
}

/// A resident of a `Town`: reads one channel for as long as the test takes.
protocol TownReader: AnyObject {
    var channel: String { get }
    var hearing: Hearing { get }
    /// True once it was answered for the first time.
    var isSettled: Bool { get }
    /// Whatever has gone wrong with its connection.
    var trouble: String? { get }
    func close()
}

/// Reads by an event stream; light, since there are many.
final class TownStream: TownReader, LinkOwner {
    let channel: String
    private(set) var hearing = Hearing()
    private(set) var isSettled = false
    private(set) var trouble: String?
    private let heard: (Int) -> Void
    private let request: [UInt8]
    private var lines = EventLines()
    private var link: Link?

    /// Connects at once; `heard` is told the number of each event.
    init(
        _ stage: Stage, _ address: ListenAddress, _ channel: String, fields: HTTPFields,
        heard: @escaping (Int) -> Void
    ) {
        self.channel = channel
        self.heard = heard
        request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: "/events?channel=\(channel)", fields: fields))
        link = Dial.connect(
            loop: stage.loop, to: address, tls: nil, timeout: .seconds(60), owner: self)
    }

    func close() {
        link?.close()
        link = nil
    }

    func linkOpened(_ link: Link) { link.send(request) }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        if self.link != nil { trouble = "ended: \(end)" }
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        lines.append(bytes) { take($0) }
    }

    private func take(_ line: [UInt8]) {
        guard line.starts(with: "data: ".utf8) else { return }
        let text = String(decoding: line.dropFirst(6), as: UTF8.self)
        if text.contains(#""event":"pusher:subscription_succeeded""#) { isSettled = true }
        if text.contains(#""event":"passerelle:gap""#) { hearing.heardGap() }
        guard let number = Town.number(in: text) else { return }
        hearing.heard(number)
        heard(number)
    }
}

/// Reads by polls that wait for news.
final class TownPoller: TownReader {
    let channel: String
    private(set) var hearing = Hearing()
    private(set) var isSettled = false
    private(set) var trouble: String?
    private let heard: (Int) -> Void
    private let fields: HTTPFields
    private let caller: HTTPCaller
    private var isOver = false

    /// Asks at once, and again behind each answer.
    init(
        _ stage: Stage, _ address: ListenAddress, _ channel: String, fields: HTTPFields,
        heard: @escaping (Int) -> Void
    ) {
        self.channel = channel
        self.heard = heard
        self.fields = fields
        caller = HTTPCaller(loop: stage.loop, address: address)
        ask(after: nil)
    }

    func close() {
        isOver = true
        caller.close()
    }

    private func ask(after position: String?) {
        let cursor = position.map { "&wait=20&after=\($0)" } ?? ""
        let target = "/poll?channel=\(channel)\(cursor)"
        caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) { [weak self] in
            guard let self, !isOver else { return }
            do {
                try take($0, after: position)
            } catch {
                trouble = "\(error)"
            }
        }
    }

    private func take(_ answer: HTTPResponse, after position: String?) throws {
        guard answer.status == 200 || answer.status == 304 else {
            trouble = "status \(answer.status)"
            return
        }
        isSettled = true
        guard answer.status == 200 else { return ask(after: position) }
        let json = try JSONText(answer.body)
        for bytes in try json.elements(["events"]) {
            let text = String(decoding: bytes, as: UTF8.self)
            if text.contains(#""event":"passerelle:gap""#) { hearing.heardGap() }
            guard let number = Town.number(in: text) else { continue }
            hearing.heard(number)
            heard(number)
        }
        ask(after: try json.string(["position"]))
    }
}
