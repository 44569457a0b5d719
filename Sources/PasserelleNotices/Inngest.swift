// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleNet
import PasserelleWire

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
