// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client of `GET /events`: keeps what it was told, and how the stream ended.
final class StreamClient: LinkOwner, Ear {
    let name = "stream"
    private(set) var response: HTTPResponse?
    /// Events as the stream frames them, snapshots among them.
    private(set) var messages: [EventStreamMessage] = []
    private(set) var told: [Told] = []
    /// The newest snapshot's data, by channel.
    private(set) var snapshots: [String: JSONText] = [:]
    /// Who is there now, by channel.
    private(set) var rolls: [String: Roll] = [:]
    /// True once the body ended as its coding says, and not by a lost connection.
    private(set) var isComplete = false
    private(set) var end: LinkEnd?
    /// What made the stream unreadable.
    private(set) var failure: (any Error)?
    /// Bytes of the body of a refusal.
    private(set) var body: [UInt8] = []
    /// False: nothing is kept but counts and the newest event.
    var keepsAll = true
    private(set) var count = 0
    private(set) var gapCount = 0
    private(set) var newest: Told?
    private let link: Link
    private var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var events = EventStreamParser()

    init(
        _ stage: Stage, _ address: ListenAddress, _ target: String, fields: HTTPFields = [:],
        tls: TLSClient? = nil
    ) {
        let opener = Opener()
        link = Dial.connect(
            loop: stage.loop, to: address, tls: tls, timeout: .seconds(30), owner: opener)
        var all: HTTPFields = ["Host": "localhost"]
        for field in fields.list { all.add(field.name, field.value) }
        opener.request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: target, fields: all))
        opener.client = self
    }

    /// Sends the request once the link is open, and then leaves it to the client.
    private final class Opener: LinkOwner {
        var request: [UInt8] = []
        var client: StreamClient?

        func linkOpened(_ link: Link) {
            link.owner = client
            client = nil
            link.send(request)
        }

        func link(_ link: Link, received bytes: Span<UInt8>) {}

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            client?.linkEnded(link, end)
            client = nil
        }
    }

    /// Stops taking bytes from the kernel.
    func pause() { link.pause() }

    func resume() { link.resume() }

    func close() { link.close() }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        do {
            while let part = try parser.next() {
                switch part {
                case .head(let head): response = head
                case .body(let bytes): try take(bytes)
                case .end: isComplete = true
                }
            }
        } catch {
            failure = error
        }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.end = end
    }

    private func take(_ bytes: [UInt8]) throws {
        guard response?.status == 200 else {
            body += bytes
            return
        }
        events.append(bytes.span)
        while let message = try events.next() { try take(message) }
    }

    private func take(_ message: EventStreamMessage) throws {
        if keepsAll { messages.append(message) }
        let event = try Told(message.data)
        guard event.id == message.id, event.event == message.event else {
            throw TestFailure("the frame says \(message.id) \(message.event), its data \(event)")
        }
        if event.event == "pusher:subscription_succeeded" {
            let snapshot = try JSONText(Array(event.data.utf8))
            snapshots[event.channel] = snapshot
            let members = try? snapshot.members(["presence", "hash"])
            rolls[event.channel, default: Roll()].take(Set((members ?? [:]).keys))
            return
        }
        try rolls[event.channel, default: Roll()].take(event)
        count += 1
        if event.isGap { gapCount += 1 }
        newest = event
        if keepsAll { told.append(event) }
    }
}
