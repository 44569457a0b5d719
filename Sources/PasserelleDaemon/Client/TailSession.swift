// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Decides what `tail` says to the gateway and what it prints; is told what happened.
///
/// It remembers a position for each channel, so that after a lost connection it goes on where it
/// was: no event twice, and none left out without a gap being told.
package struct TailSession: Sendable {
    /// What is to be done.
    package enum Action: Equatable, Sendable {
        /// Send this.
        case send(LineCommand)
        /// Print this event.
        case print([UInt8])
        /// Tell people this.
        case complain(String)
        /// Connect again.
        case reconnect
        /// End with this exit code.
        case end(Int32)
    }

    private struct Channel {
        var name: String
        /// Behind which event to begin, once that is known.
        var position: String?
    }

    private var channels: [Channel] = []
    private let after: String?
    private let last: Int?
    /// The channels whose subscription is not answered yet, in the order of the questions.
    private var unanswered: [String] = []

    /// A session on `channels`, which begins behind `after` or with the `last` events of each.
    package init(channels names: [String], after: String?, last: Int?) {
        for name in names where !channels.contains(where: { $0.name == name }) {
            channels.append(Channel(name: name, position: nil))
        }
        self.after = after
        self.last = last
    }

    /// A connection is there.
    package mutating func connected() -> [Action] {
        unanswered = channels.map(\.name)
        return channels.map { channel in
            .send(
                .subscribe(
                    channel: channel.name, after: channel.position ?? after,
                    last: channel.position == nil ? last : nil))
        }
    }

    /// The gateway said something.
    package mutating func received(_ reply: LineReply) -> [Action] {
        switch reply {
        case .event(let event):
            note(event)
            return [.print(event)]
        case .ok(verb: "SUBSCRIBE", let words, let json):
            if !unanswered.isEmpty { unanswered.removeFirst() }
            if let name = words.first, let json { attached(name, json) }
            return []
        case .ok: return []
        case .error(let code, let message): return refused(code, message)
        }
    }

    /// Where nothing of the past was asked for, the attachment itself is the first position; where
    /// it was, the first event is, so that a replay that is cut off is asked for again.
    private mutating func attached(_ name: String, _ json: [UInt8]) {
        guard after == nil || after == "now",
            let index = channels.firstIndex(where: { $0.name == name }),
            channels[index].position == nil,
            let position = Self.text(json, "position")
        else { return }
        channels[index].position = position
    }

    private mutating func note(_ event: [UInt8]) {
        guard let name = Self.text(event, "channel"), let position = Self.text(event, "id"),
            let index = channels.firstIndex(where: { $0.name == name })
        else { return }
        channels[index].position = position
    }

    private mutating func refused(_ code: String, _ message: String) -> [Action] {
        let text =
            "\(QuotedText.escaped(code, limit: 40)): \(QuotedText.escaped(message, limit: 500))"
        guard let name = unanswered.first else { return [.complain(text)] }
        unanswered.removeFirst()
        let complaint = Action.complain("\(QuotedText.escaped(name, limit: 200)): \(text)")
        let isFinal = ["bad-command", "bad-channel", "forbidden", "too-large"].contains(code)
        return [complaint, isFinal ? .end(1) : .reconnect]
    }

    private static func text(_ json: [UInt8], _ name: String) -> String? {
        guard let root = try? JSONScanner.document(json.span) else { return nil }
        return JSONScanner.text(
            json.span, JSONScanner.member(json.span, of: root, named: name))
    }
}
