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
        let body: JSONObjectWriter = [
            "time_ms": loop.wallMilliseconds, "events": [RawJSON(event.encoded)],
        ]
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
        timer = loop.scheduleTask(in: max(.zero, due - loop.now)) { [weak self] in self?.work() }
    }
}
