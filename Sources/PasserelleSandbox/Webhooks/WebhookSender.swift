// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// Sends web hooks over HTTP, one connection each.
final class WebhookSender: LinkOwner {
    /// How long the application may take to answer one, connecting included.
    static let answerLimit = Duration.seconds(10)

    private let url: WebhookURL
    private let tls: TLSClient?
    private let key: String
    private let secret: [UInt8]
    private let loop: EventLoop
    private let log: (String) -> Void
    private var outbox = WebhookOutbox()
    private var link: Link?
    private var request: [UInt8] = []
    private var parser = HTTPResponseParser()
    private var timer: TimerToken?

    /// Reads the URL; throws `WebhookURLError`, or `TLSError` when the authorities cannot be read.
    init(
        url: String, configuration: SandboxConfiguration, loop: EventLoop,
        log: @escaping (String) -> Void
    ) throws {
        self.url = try WebhookURL(url)
        tls = self.url.isTLS ? try TLSClient(caFile: configuration.webhookCAFile) : nil
        key = configuration.key
        secret = Array(configuration.secret.utf8)
        self.loop = loop
        self.log = log
    }

    /// Sends one event as soon as those before it have been answered.
    func add(_ event: WebhookEvent) {
        var body = JSONObject()
        body.add("time_ms", number: Int(loop.wallMilliseconds))
        body.add("events", raw: JSONObject.array([event.encoded]))
        if !outbox.add(body.bytes, now: loop.now) { log("web hook dropped: too many wait") }
        work()
    }

    /// Sends nothing more.
    func stop() {
        link?.close()
        link = nil
        timer.map(loop.cancel)
        outbox = WebhookOutbox()
    }

    /// Sends the request.
    func linkOpened(_ link: Link) {
        link.send(request)
    }

    /// Reads the answer.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        do throws(HTTPError) {
            if let response = try parser.next() { end(status: response.status) }
        } catch {
            end(status: nil)
        }
    }

    /// Counts an answer that ends with its connection, or none.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        let response = try? parser.closedByPeer()
        if response == nil { log("web hook: \(end)") }
        self.end(status: response?.status)
    }

    private func work() {
        guard let body = outbox.next(now: loop.now) else { return waitForNext() }
        let signature = Hex.encode(Digest.hmacSHA256(key: secret, body))
        let fields: HTTPFields = [
            "Host": url.authority, "Content-Type": "application/json",
            "X-Pusher-Key": key, "X-Pusher-Signature": signature, "Connection": "close",
        ]
        request = HTTPWriter.request(
            HTTPRequest(method: "POST", target: url.target, fields: fields, body: body))
        parser = HTTPResponseParser()
        link = Dial.connect(
            loop: loop, to: .tcp(host: url.host, port: url.port), tls: tls,
            timeout: Self.answerLimit, owner: self)
        wake(after: Self.answerLimit) { $0.end(status: nil) }
    }

    private func end(status: Int?) {
        link?.close()
        link = nil
        if !outbox.answered(status: status, now: loop.now) { log("web hook given up") }
        work()
    }

    private func waitForNext() {
        guard let due = outbox.nextDue else { return }
        wake(after: max(.zero, due - loop.now)) { $0.work() }
    }

    private func wake(after delay: Duration, _ body: @escaping (WebhookSender) -> Void) {
        timer.map(loop.cancel)
        timer = loop.after(delay) { [weak self] in self.map(body) }
    }
}
