// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client of the line protocol that keeps events and replies apart, each in order.
final class LineClient: LinkOwner, SurfaceClient {
    let name = "line"
    private(set) var delivered: [DeliveredEvent] = []
    private(set) var replies: [LineReply] = []
    /// The reported states of Channels, in order.
    private(set) var upstreams: [UpstreamNotice] = []
    /// The present members, by channel.
    private(set) var memberSets: [String: MemberSet] = [:]
    private(set) var end: LinkEnd?
    private(set) var failure: (any Error)?
    private let fixture: EndToEndFixture
    private var link: Link?
    private var isOpen = false
    private var unsent: [UInt8] = []
    private var splitter = LineSplitter(limit: 16 << 20)

    init(_ fixture: EndToEndFixture, path: String) {
        self.fixture = fixture
        link = Dial.connect(
            loop: fixture.loop, to: .unix(path: path), tls: nil, timeout: hangLimit, owner: self)
    }

    /// Sends one command.
    func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        if isOpen { link?.send(bytes) } else { unsent += bytes }
    }

    /// Sends a command and returns the JSON of its `OK`; no other command may be open.
    func ask(_ line: String) throws -> JSONText {
        let count = replies.count
        send(line)
        try fixture.wait(for: "the answer to \(line)") { replies.count > count || end != nil }
        guard replies.count > count, case .ok(_, _, let json?) = replies[count] else {
            throw TestFailure("\(line) was answered by \(replies.dropFirst(count))")
        }
        return try JSONText(json)
    }

    /// Stops reading from the kernel.
    func pause() { link?.pause() }

    func resume() { link?.resume() }

    func close() { link?.close() }

    func linkOpened(_ link: Link) {
        isOpen = true
        link.send(unsent)
        unsent = []
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        splitter.append(bytes)
        do {
            while let line = try splitter.next() {
                let reply = try LineReply.parse(line.span)
                if case .event(let json) = reply, UpstreamNotice.isOne(json) {
                    upstreams.append(try UpstreamNotice(json))
                } else if case .event(let json) = reply {
                    let event = try DeliveredEvent(json)
                    delivered.append(event)
                    try memberSets[event.channel, default: MemberSet()].take(event)
                } else {
                    replies.append(reply)
                    try takeMembers(of: reply)
                }
            }
        } catch {
            failure = error
        }
    }

    private func takeMembers(of reply: LineReply) throws {
        guard case .ok("SUBSCRIBE", let words, let json?) = reply, let channel = words.first
        else { return }
        let members = try JSONText(json).strings(at: ["members"], each: "user_id")
        memberSets[channel, default: MemberSet()].take(Set(members))
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.end = end
    }
}
