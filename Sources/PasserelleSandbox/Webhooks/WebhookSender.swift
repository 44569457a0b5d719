// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
import PasserelleWire

/// Sends webhooks over HTTP, one at a time, each on its own connection.
final class WebhookSender {
    /// The time limit of a call, including connecting.
    static let answerLimit = Duration.seconds(10)

    private let url: WebAddress
    private let tls: TLSClient?
    private let key: String
    private let secret: [UInt8]
    private let loop: EventLoop
    private let log: (String) -> Void
    private var outbox = WebhookOutbox()
    private var call: HTTPCall?
    private var timer: TimerToken?

    /// Throws `TLSError` if the CA file cannot be read.
    init(
        url: WebAddress, configuration: SandboxConfiguration, loop: EventLoop,
        log: @escaping (String) -> Void
    ) throws {
        self.url = url
        tls = url.isTLS ? try TLSClient(caFile: configuration.webhookCAFile) : nil
        key = configuration.key
        secret = Array(configuration.secret.utf8)
        self.loop = loop
        self.log = log
    }

    /// Sends an event once the previous ones have been answered.
    func add(_ event: WebhookEvent) {
        var body = JSONObjectWriter()
        body.member("time_ms", Int(loop.wallMilliseconds))
        body.member("events", json: JSONWriter.array([event.encoded]))
        if !outbox.add(body.finished(), now: loop.now) { log("webhook dropped: too many queued") }
        work()
    }

    /// Stops sending and drops all queued events.
    func stop() {
        call?.cancel()
        timer.map(loop.cancel)
        outbox = WebhookOutbox()
    }

    private func work() {
        guard let body = outbox.next(now: loop.now) else { return waitForNext() }
        let signature = Hex.encode(Digest.hmacSHA256(key: secret, body))
        let fields: HTTPFields = [
            "Host": url.hostField, "Content-Type": "application/json",
            "X-Pusher-Key": key, "X-Pusher-Signature": signature,
        ]
        call = HTTPCall(
            loop: loop, address: url.endpoint, tls: tls,
            request: HTTPRequest(method: "POST", target: url.target, fields: fields, body: body),
            timeout: Self.answerLimit
        ) { [weak self] in self?.answered($0) }
    }

    private func answered(_ result: Result<HTTPResponse, HTTPCallError>) {
        var status: Int?
        switch result {
        case .success(let response): status = response.status
        case .failure(let error): log("webhook: \(error)")
        }
        if !outbox.answered(status: status, now: loop.now) { log("webhook given up") }
        work()
    }

    private func waitForNext() {
        guard let due = outbox.nextDue else { return }
        timer.map(loop.cancel)
        timer = loop.after(max(.zero, due - loop.now)) { [weak self] in self?.work() }
    }
}

/// The queue of webhooks, with retries.
///
/// Bodies are sent one at a time and in order, but a failed one does not delay the others: it is
/// retried after 1, 2, 4, 8… seconds (at most 60), and given up five minutes after it was queued.
struct WebhookOutbox {
    /// A body to be delivered.
    struct Delivery: Equatable {
        /// The bytes sent.
        let body: [UInt8]
        /// The time at which it was queued.
        let queuedAt: Duration
        fileprivate(set) var attempts = 0
        fileprivate(set) var due: Duration
    }

    /// The delay before a failed webhook is retried.
    static let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    /// How long a webhook is retried.
    static let lifetime = Duration.seconds(300)
    /// The maximum number of queued webhooks; further ones are dropped.
    static let limit = 1000

    private var waiting: [Delivery] = []
    private var underWay: Delivery?

    /// Queues a body; returns false if the queue is full.
    mutating func add(_ body: [UInt8], now: Duration) -> Bool {
        guard waiting.count < Self.limit else { return false }
        waiting.append(Delivery(body: body, queuedAt: now, due: now))
        return true
    }

    /// Returns the body to send now; `nil` if another one is in flight or none is due.
    mutating func next(now: Duration) -> [UInt8]? {
        guard underWay == nil, let place = waiting.firstIndex(where: { $0.due <= now }) else {
            return nil
        }
        underWay = waiting.remove(at: place)
        return underWay?.body
    }

    /// The time at which `next` should be called again.
    var nextDue: Duration? { underWay == nil ? waiting.lazy.map(\.due).min() : nil }

    /// Handles the answer's status, `nil` if there was none; returns false if the body is given up.
    mutating func answered(status: Int?, now: Duration) -> Bool {
        guard var delivery = underWay else { return true }
        underWay = nil
        if let status, (200...299).contains(status) { return true }
        delivery.attempts += 1
        delivery.due = now + Self.backoff.delay(failures: delivery.attempts)
        guard delivery.due - delivery.queuedAt <= Self.lifetime else { return false }
        waiting.append(delivery)
        return true
    }
}

/// An event sent to the application's webhook.
package enum WebhookEvent: Hashable, Sendable {
    /// The first client subscribed.
    case channelOccupied(String)
    /// The last subscriber left and did not return.
    case channelVacated(String)
    /// A user joined a presence channel.
    case memberAdded(channel: String, userID: String)
    /// A user left a presence channel and did not return.
    case memberRemoved(channel: String, userID: String)
    /// A cache channel had no event for a subscriber.
    case cacheMiss(String)
    /// A client sent an event; `data` is JSON as received, the user id only on presence channels.
    case clientEvent(
        channel: String, name: String, data: [UInt8], socketID: String, userID: String?)
    /// The subscription count of a channel changed.
    case subscriptionCount(channel: String, Int)

    /// The event as a JSON object for the `events` of a webhook's body.
    var encoded: [UInt8] {
        var event = JSONObjectWriter()
        func begin(_ name: String, _ channel: String, userID: String? = nil) {
            event.member("name", name)
            event.member("channel", channel)
            if let userID { event.member("user_id", userID) }
        }
        switch self {
        case .channelOccupied(let channel): begin("channel_occupied", channel)
        case .channelVacated(let channel): begin("channel_vacated", channel)
        case .memberAdded(let channel, let userID): begin("member_added", channel, userID: userID)
        case .memberRemoved(let channel, let userID):
            begin("member_removed", channel, userID: userID)
        case .cacheMiss(let channel): begin("cache_miss", channel)
        case .clientEvent(let channel, let name, let data, let socketID, let userID):
            begin("client_event", channel)
            event.member("event", name)
            event.member("data", json: data)
            event.member("socket_id", socketID)
            if let userID { event.member("user_id", userID) }
        case .subscriptionCount(let channel, let count):
            begin("subscription_count", channel)
            event.member("subscription_count", count)
        }
        return event.finished()
    }
}
