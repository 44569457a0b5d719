// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client of the line protocol: keeps events and replies apart, each in order.
final class LineClient: LinkOwner, Ear {
    let name = "line"
    private(set) var told: [Told] = []
    private(set) var replies: [LineReply] = []
    /// Who is there now, by channel.
    private(set) var rolls: [String: Roll] = [:]
    private(set) var end: LinkEnd?
    private(set) var failure: (any Error)?
    private let stage: Stage
    private var link: Link?
    private var isOpen = false
    private var unsent: [UInt8] = []
    private var splitter = LineSplitter(limit: 16 << 20)

    init(_ stage: Stage, path: String) {
        self.stage = stage
        link = Dial.connect(
            loop: stage.loop, to: .unix(path: path), tls: nil, timeout: .seconds(30), owner: self)
    }

    /// Sends one command.
    func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        if isOpen { link?.send(bytes) } else { unsent += bytes }
    }

    /// Sends a command and gives the JSON of its `OK`; no other may be open.
    func ask(_ line: String) throws -> JSONText {
        let count = replies.count
        say(line)
        try stage.wait(for: "the answer to \(line)") { replies.count > count || end != nil }
        guard replies.count > count, case .ok(_, _, let json?) = replies[count] else {
            throw TestFailure("\(line) was answered by \(replies.dropFirst(count))")
        }
        return try JSONText(json)
    }

    /// Stops taking bytes from the kernel.
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
                if case .event(let json) = reply {
                    let event = try Told(json)
                    told.append(event)
                    try rolls[event.channel, default: Roll()].take(event)
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
        rolls[channel, default: Roll()].take(Set(members))
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.end = end
    }
}
