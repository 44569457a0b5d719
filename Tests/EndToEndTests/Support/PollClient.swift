// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client that polls again and again, on one connection, by one of the two ways to say where it
/// is; keeps what it was told.
final class PollClient: Ear {
    /// How it says where it is.
    enum Style: String {
        /// `after=` in the query.
        case cursor
        /// `If-None-Match` alone, as any cache does.
        case conditional
    }

    var name: String { "poll by \(style.rawValue)" }
    private(set) var told: [Told] = []
    /// The newest position; `nil` before the first answer.
    private(set) var position: String?
    /// The statuses of all answers.
    private(set) var statuses: [Int] = []
    /// The newest members, by channel: `USER` to `INFO`.
    private(set) var members: [String: [String: String]] = [:]
    /// Who is there now, by channel.
    private(set) var rolls: [String: Roll] = [:]
    private(set) var failure: (any Error)?
    private let style: Style
    private let channels: [String]
    private let wait: Int
    private let limit: Int?
    private let user: String?
    private let loop: EventLoop
    private let address: ListenAddress
    private var caller: HTTPCaller?
    private var isStopped = false

    init(
        _ stage: Stage, _ address: ListenAddress, _ channels: [String], _ style: Style,
        wait: Int = 20, limit: Int? = nil, user: String? = nil
    ) {
        self.style = style
        self.channels = channels
        self.wait = wait
        self.limit = limit
        self.address = address
        self.user = user
        loop = stage.loop
        poll()
    }

    /// Asks no more.
    func stop() {
        isStopped = true
        caller?.close()
    }

    private func poll() {
        var words = channels.map { "channel=\($0)" }
        if let user { words.append("user=\(user)") }
        var fields: HTTPFields = ["Host": "localhost"]
        if let position {
            words.append("wait=\(wait)")
            if let limit { words.append("limit=\(limit)") }
            switch style {
            case .cursor: words.append("after=\(position)")
            case .conditional: fields.set("If-None-Match", "\"\(position)\"")
            }
        }
        let target = "/poll?" + words.joined(separator: "&")
        if caller?.end != nil { caller = nil }
        let line = caller ?? HTTPCaller(loop: loop, address: address)
        caller = line
        line.send(HTTPRequest(method: "GET", target: target, fields: fields)) { [weak self] in
            self?.answered($0)
        }
    }

    private func answered(_ answer: HTTPResponse) {
        guard !isStopped else { return }
        statuses.append(answer.status)
        do {
            switch answer.status {
            case 200: try take(answer)
            case 304: try check(tag: answer, is: position)
            case 503: break
            default: throw TestFailure("\(name): \(answer)")
            }
        } catch {
            failure = error
            return
        }
        // A connection that the other end lets go is seen to be over in the next turn.
        loop.after(.milliseconds(answer.status == 503 ? 50 : 0)) { [weak self] in
            guard let self, !self.isStopped else { return }
            self.poll()
        }
    }

    private func take(_ answer: HTTPResponse) throws {
        let json = try JSONText(answer.body)
        let isFirst = position == nil
        position = try json.string(["position"])
        try check(tag: answer, is: position)
        var hasGap = false
        for element in try json.elements(["events"]) {
            let event = try Told(element)
            hasGap = hasGap || event.isGap
            told.append(event)
            try rolls[event.channel, default: Roll()].take(event)
        }
        guard isFirst || hasGap else {
            guard !json.names.contains("members") else {
                throw TestFailure("members without a reason: \(json.text)")
            }
            return
        }
        for (channel, value) in try json.members(["members"]) {
            members[channel] = try JSONText(Array(value.utf8)).members(["hash"])
            // They are those at the answer's end.
            rolls[channel, default: Roll()].take(Set((members[channel] ?? [:]).keys))
        }
    }

    private func check(tag answer: HTTPResponse, is position: String?) throws {
        guard let position, answer.fields.all("ETag") == ["\"\(position)\""] else {
            throw TestFailure("the tag is not the position \(position ?? "-"): \(answer)")
        }
    }
}
