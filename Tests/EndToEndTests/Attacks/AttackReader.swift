// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// The events that a reader of numbered events received, compared with those it should receive.
struct Reception {
    /// The number of the newest event.
    private(set) var newest = 0
    /// The number of events that arrived twice, or after a later one.
    private(set) var doubles = 0
    /// The number of missing events that no gap covers.
    private(set) var missed = 0
    private(set) var gaps = 0
    private var isBehindGap = false

    mutating func receivedGap() {
        gaps += 1
        isBehindGap = true
    }

    mutating func received(_ number: Int) {
        if number <= newest {
            doubles += 1
        } else if number > newest + 1, !isBehindGap {
            missed += number - newest - 1
        }
        isBehindGap = false
        newest = max(newest, number)
    }
}

/// A well-behaved reader of an `AttackHarness`: reads one channel until the end of the test.
protocol AttackReader: AnyObject {
    var channel: String { get }
    var reception: Reception { get }
    /// True once the first answer has arrived.
    var isSettled: Bool { get }
    /// The first error of its connection, if any.
    var trouble: String? { get }
    func close()
}

/// Reads an event stream; small, since there are many.
final class AttackStream: AttackReader, LinkOwner {
    let channel: String
    private(set) var reception = Reception()
    private(set) var isSettled = false
    private(set) var trouble: String?
    private let received: (Int) -> Void
    private let request: [UInt8]
    private var lines = EventLines()
    private var link: Link?

    /// Connects at once; `received` is called with the number of each event.
    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ channel: String, fields: HTTPFields,
        received: @escaping (Int) -> Void
    ) {
        self.channel = channel
        self.received = received
        request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: "/events?channel=\(channel)", fields: fields))
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: nil, timeout: hangLimit, owner: self)
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
        if text.contains(#""event":"passerelle:gap""#) { reception.receivedGap() }
        guard let number = AttackHarness.number(in: text) else { return }
        reception.received(number)
        received(number)
    }
}

/// Reads by polls that wait for an event.
final class AttackPoller: AttackReader {
    let channel: String
    private(set) var reception = Reception()
    private(set) var isSettled = false
    private(set) var trouble: String?
    private let received: (Int) -> Void
    private let fields: HTTPFields
    private let caller: HTTPCaller
    private var isEnded = false

    /// Polls at once, and again after each answer.
    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ channel: String, fields: HTTPFields,
        received: @escaping (Int) -> Void
    ) {
        self.channel = channel
        self.received = received
        self.fields = fields
        caller = HTTPCaller(loop: fixture.loop, address: address)
        ask(after: nil)
    }

    func close() {
        isEnded = true
        caller.close()
    }

    private func ask(after position: String?) {
        let cursor = position.map { "&wait=20&after=\($0)" } ?? ""
        let target = "/poll?channel=\(channel)\(cursor)"
        caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) { [weak self] in
            guard let self, !isEnded else { return }
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
            if text.contains(#""event":"passerelle:gap""#) { reception.receivedGap() }
            guard let number = AttackHarness.number(in: text) else { continue }
            reception.received(number)
            received(number)
        }
        ask(after: try json.string(["position"]))
    }
}
