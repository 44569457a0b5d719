// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// A client of Inngest's event API: its address and event key.
package struct Inngest {
    /// The limit of a call, from name resolution to the last byte of the answer.
    package static let timeout: Duration = .seconds(10)
    /// The most bytes of an answer that are read.
    package static let answerBytes = 65_536

    private let url: WebAddress
    /// The path, which contains the key and must never be logged.
    private let target: String
    private let tls: TLSClient?
    private let proxy: HTTPProxy?
    private let timeout: Duration

    /// `url` is the address in front of `/e/`; `tls` is `nil` for plain HTTP, `proxy` for a direct
    /// connection; `timeout` is for tests.
    package init(
        url: WebAddress, key: String, tls: TLSClient?,
        proxy: HTTPProxy? = nil, timeout: Duration = Inngest.timeout
    ) {
        self.url = url
        let base = url.target
        target =
            (base.hasSuffix("/") ? String(base.dropLast()) : base)
            + "/e/" + HTTPTarget.encode(key)
        self.tls = tls
        self.proxy = proxy
        self.timeout = timeout
    }

    /// Sends one event, without retries.
    package func send(
        _ event: NoticeEvent, loop: EventLoop, _ done: @escaping (NoticeOutcome) -> Void
    ) -> HTTPCall {
        var request = HTTPRequest(method: "POST", target: target, body: event.json())
        request.fields.set("Host", url.hostField)
        request.fields.set("Content-Type", "application/json")
        request.fields.set("Accept", "application/json")
        return HTTPCall(
            loop: loop, address: url.endpoint, tls: tls, proxy: proxy, request: request,
            timeout: timeout, bodyBytes: Self.answerBytes
        ) { result in
            switch result {
            case .success(let response): done(NoticeOutcome(response))
            case .failure(let error): done(NoticeOutcome(error))
            }
        }
    }
}

/// The Inngest event for one absent recipient of one message.
package struct NoticeEvent: Equatable, Sendable {
    package var name: String
    package var message: NoticeMessage
    package var recipient: Member
    /// The part of the channel that the pattern's `*` matched; `nil` if no pattern has a `*`.
    package var bail: String?
    package var link: String?

    /// Creates the event; the same message and recipient always give the same event.
    package init(
        _ message: NoticeMessage, for recipient: Member, configuration: NoticeConfiguration
    ) {
        name = configuration.event
        self.message = message
        self.recipient = recipient
        let bail = configuration.bail(of: message.channel)
        self.bail = bail
        link = configuration.link(bail: bail)
    }

    /// The id by which Inngest drops duplicates: a retry never causes a second mail.
    package var id: String {
        var text: [UInt8] = []
        for part in [name, message.channel, message.identity, recipient.userID] {
            // The length prefix keeps different lists of parts from being encoded alike.
            text += Array("\(part.utf8.count) ".utf8) + Array(part.utf8)
        }
        return "passerelle-" + Hex.encode(Array(Digest.sha256(text).prefix(16)))
    }

    /// The event as JSON, at most `limit` bytes: `user_info` is omitted if it would exceed them.
    package func json(limit: Int = NoticeConfiguration.eventBytes) -> [UInt8] {
        let whole = encoded(userInfo: recipient.userInfo)
        return whole.count <= limit ? whole : encoded(userInfo: nil)
    }

    private func encoded(userInfo: [UInt8]?) -> [UInt8] {
        var recipient = JSONObjectWriter()
        recipient.member("id", self.recipient.userID)
        recipient.member("user_info", json: userInfo)
        var sender = JSONObjectWriter()
        sender.member("id", optional: message.senderID)
        sender.member("name", optional: message.senderName)
        var data = JSONObjectWriter()
        data.member("channel", message.channel)
        data.member("bail", optional: bail)
        data.member("message_id", optional: message.id)
        data.member("recipient", json: recipient.finished())
        data.member("sender", json: sender.finished())
        data.member("preview", optional: message.preview)
        data.member("link", optional: link)
        var event = JSONObjectWriter()
        event.member("id", id)
        event.member("name", name)
        event.member("ts", Int(message.receivedAt.milliseconds))
        event.member("data", json: data.finished())
        return event.finished()
    }
}

extension NoticeConfiguration {
    /// The part that the `*` of the first matching pattern matched.
    fileprivate func bail(of channel: String) -> String? {
        for pattern in channels?.list ?? [] {
            if let star = pattern.star(channel) { return pattern.text.contains("*") ? star : nil }
        }
        return nil
    }

    /// The link with `{bail}` replaced; `nil` if the link needs a bail and there is none.
    fileprivate func link(bail: String?) -> String? {
        guard let link else { return nil }
        let parts = link.split(separator: "{bail}", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return link }
        guard let bail else { return nil }
        return parts.joined(separator: HTTPTarget.encode(bail))
    }
}

/// The outcome of a call to Inngest.
package enum NoticeOutcome: Equatable, Sendable {
    /// Inngest accepted the event.
    case sent
    /// Inngest rejected the event itself, and would reject the same bytes again.
    case refused(status: Int)
    /// Inngest did not receive or did not accept the event this time.
    case failed(NoticeCause)
    /// No usable answer: Inngest may have the event.
    case unknown(NoticeCause)

    /// Evaluates an answer; only a 200 without an error in the body counts as accepted.
    ///
    /// | status | consequence |
    /// |---|---|
    /// | 400, 406, 413 | given up: the event itself is invalid |
    /// | 3xx, other 4xx | retried: a wrong key, address or rate, which an operator can correct |
    /// | 5xx, other 2xx | retried; if it was accepted, its id prevents a second mail |
    package init(_ response: HTTPResponse) {
        switch response.status {
        case 200:
            self = response.hasError ? .unknown(.words("status 200 with an error")) : .sent
        case 400, 406, 413: self = .refused(status: response.status)
        case 300..<500: self = .failed(.status(response.status))
        // A server may have processed or forwarded a request although its answer reports a failure.
        default: self = .unknown(.status(response.status))
        }
    }

    /// Evaluates a call that failed without an answer.
    package init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .failed(.words(words))
        case .unanswered(let words): self = .unknown(.words(words))
        case .malformed: self = .unknown(.words("the answer is not HTTP"))
        }
    }
}

extension HTTPResponse {
    /// True if the body is an object with an `error` that is neither null nor empty.
    fileprivate var hasError: Bool {
        guard let object = JSONObject(body), let error = object["error"] else { return false }
        return error.kind != .null && object.text(error) != ""
    }
}

/// The reason why a notice was not delivered.
package enum NoticeCause: Equatable, Sendable, CustomStringConvertible {
    /// The status of Inngest's answer.
    case status(Int)
    /// A description, if there was no answer or an invalid one.
    case words(String)

    /// The cause on one line, for the log.
    package var description: String {
        switch self {
        case .status(let status): "status \(status)"
        case .words(let words): words
        }
    }
}
