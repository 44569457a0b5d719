// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A client that polls repeatedly on one connection, passes its position in one of two ways, and
/// keeps the received events.
final class PollClient: SurfaceClient {
    /// The way to pass the position.
    enum Style: String {
        /// `after=` in the query.
        case cursor
        /// `If-None-Match` alone, as any cache does.
        case conditional
    }

    var name: String { "poll by \(style.rawValue)" }
    private(set) var delivered: [DeliveredEvent] = []
    /// The newest position; `nil` before the first answer.
    private(set) var position: String?
    /// The states of Channels in the answers, without repetitions.
    private(set) var upstreams: [String] = []
    /// The statuses of all answers.
    private(set) var statuses: [Int] = []
    /// The newest member lists, by channel: `USER` to `INFO`.
    private(set) var members: [String: [String: String]] = [:]
    /// The present members, by channel.
    private(set) var memberSets: [String: MemberSet] = [:]
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
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ channels: [String], _ style: Style,
        wait: Int = 20, limit: Int? = nil, user: String? = nil
    ) {
        self.style = style
        self.channels = channels
        self.wait = wait
        self.limit = limit
        self.address = address
        self.user = user
        loop = fixture.loop
        poll()
    }

    /// Stops polling.
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
        // If the peer closes the connection, that is detected in the next turn.
        loop.scheduleTask(in: .milliseconds(answer.status == 503 ? 50 : 0)) { [weak self] in
            guard let self, !self.isStopped else { return }
            self.poll()
        }
    }

    private func take(_ answer: HTTPResponse) throws {
        let json = try JSONText(answer.body)
        let isFirst = position == nil
        position = try json.string(["position"])
        try check(tag: answer, is: position)
        let upstream = try json.string(["upstream"])
        if upstreams.last != upstream { upstreams.append(upstream) }
        var hasGap = false
        for element in try json.elements(["events"]) {
            let event = try DeliveredEvent(element)
            hasGap = hasGap || event.isGap
            delivered.append(event)
            try memberSets[event.channel, default: MemberSet()].take(event)
        }
        guard isFirst || hasGap else {
            guard !json.names.contains("members") else {
                throw TestFailure("members without a reason: \(json.text)")
            }
            return
        }
        for (channel, value) in try json.members(["members"]) {
            members[channel] = try JSONText(Array(value.utf8)).members(["hash"])
            // The list is as of the end of the answer.
            memberSets[channel, default: MemberSet()].take(Set((members[channel] ?? [:]).keys))
        }
    }

    private func check(tag answer: HTTPResponse, is position: String?) throws {
        guard let position, answer.fields.all("ETag") == ["\"\(position)\""] else {
            throw TestFailure("the tag is not the position \(position ?? "-"): \(answer)")
        }
    }
}
