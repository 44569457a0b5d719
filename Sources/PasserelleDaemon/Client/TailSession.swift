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
        /// Ask again after a while, and say so with `retried`.
        case retryLater
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
    /// The channels whose subscription is not answered yet; answers come in any order.
    private var unanswered: [String] = []
    /// How many of them were refused for now; which ones, an answer does not say.
    private var refusals = 0

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
        return subscriptions()
    }

    /// It is time to ask again for what was refused for now.
    package mutating func retried() -> [Action] { subscriptions() }

    /// Asks for every channel that has no answer yet.
    private mutating func subscriptions() -> [Action] {
        refusals = 0
        return channels.filter { unanswered.contains($0.name) }.map { channel in
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
            unanswered.removeAll { $0 == words.first }
            if let name = words.first, let json { attached(name, json) }
            return retryWhereAllAreRefused()
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

    /// A refusal names no channel: with one question open it is that one's, else one of theirs.
    private mutating func refused(_ code: String, _ message: String) -> [Action] {
        let code = QuotedText.escaped(code, limit: 40)
        let text = "\(code): \(QuotedText.escaped(message, limit: 500))"
        guard !unanswered.isEmpty else { return [.complain(text)] }
        let names = QuotedText.escaped(unanswered.joined(separator: " or "), limit: 200)
        let complaint = Action.complain("\(names): \(text)")
        if ["bad-command", "bad-channel", "forbidden", "too-large"].contains(code) {
            return [complaint, .end(1)]
        }
        refusals += 1
        return [complaint] + retryWhereAllAreRefused()
    }

    private func retryWhereAllAreRefused() -> [Action] {
        refusals > 0 && refusals >= unanswered.count ? [.retryLater] : []
    }

    private static func text(_ json: [UInt8], _ name: String) -> String? {
        guard let root = try? JSONScanner.document(json.span) else { return nil }
        return JSONScanner.text(
            json.span, JSONScanner.member(json.span, of: root, named: name))
    }
}
