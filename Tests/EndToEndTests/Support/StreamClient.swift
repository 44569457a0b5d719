// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client of `GET /events` that keeps the received events and the end of the stream.
final class StreamClient: LinkOwner, SurfaceClient {
    let name = "stream"
    private(set) var response: HTTPResponse?
    /// The events as framed, snapshots included.
    private(set) var messages: [EventStreamMessage] = []
    private(set) var delivered: [DeliveredEvent] = []
    /// The newest snapshot's data, by channel.
    private(set) var snapshots: [String: JSONText] = [:]
    /// The present members, by channel.
    private(set) var memberSets: [String: MemberSet] = [:]
    /// The reported states of Channels, in order.
    private(set) var upstreams: [UpstreamNotice] = []
    /// True once the body ended with its last chunk, and not by a lost connection.
    private(set) var isComplete = false
    private(set) var end: LinkEnd?
    /// The first error in the stream's format.
    private(set) var failure: (any Error)?
    /// The body of a refusal.
    private(set) var body: [UInt8] = []
    /// If false, only counts and the newest event are kept.
    var keepsAll = true
    private(set) var count = 0
    private(set) var gapCount = 0
    private(set) var newest: DeliveredEvent?
    private let link: Link
    private var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var events = EventStreamParser()

    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ target: String,
        fields: HTTPFields = [:],
        tls: TLSClient? = nil
    ) {
        let opener = Opener()
        link = Dial.connect(
            loop: fixture.loop, to: address, tls: tls, timeout: hangLimit, owner: opener)
        var all: HTTPFields = ["Host": "localhost"]
        for field in fields.list { all.add(field.name, field.value) }
        opener.request = HTTPWriter.request(
            HTTPRequest(method: "GET", target: target, fields: all))
        opener.client = self
    }

    /// Sends the request once the link is open, and then hands the link to the client.
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

    /// Stops reading from the kernel.
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

    /// Events of the stream itself; their data is no event object.
    private static let ends: Set<String> = ["passerelle:denied", "passerelle:unavailable"]

    private func take(_ message: EventStreamMessage) throws {
        if keepsAll { messages.append(message) }
        guard !Self.ends.contains(message.event) else { return }
        if message.event == UpstreamNotice.event {
            return upstreams.append(try UpstreamNotice(message.data))
        }
        let event = try DeliveredEvent(message.data)
        guard event.id == message.id, event.event == message.event else {
            throw TestFailure("the frame has \(message.id) \(message.event), its data \(event)")
        }
        if event.event == "pusher:subscription_succeeded" {
            let snapshot = try JSONText(Array(event.data.utf8))
            snapshots[event.channel] = snapshot
            let members = try? snapshot.members(["presence", "hash"])
            memberSets[event.channel, default: MemberSet()].take(Set((members ?? [:]).keys))
            return
        }
        try memberSets[event.channel, default: MemberSet()].take(event)
        count += 1
        if event.isGap { gapCount += 1 }
        newest = event
        if keepsAll { delivered.append(event) }
    }
}
