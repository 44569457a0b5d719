// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// Where events for Inngest go, and the key that lets them in (protocol sheet §8).
package struct Inngest {
    /// How long a call may take, from name resolution to the answer's last byte.
    package static let timeout: Duration = .seconds(10)
    /// Bytes of the longest answer that is read.
    package static let answerBytes = 65_536

    private let address: ListenAddress
    private let host: String
    /// The path with the key in it: never shown.
    private let target: String
    private let tls: TLSClient?
    private let proxy: HTTPProxy?
    private let timeout: Duration

    /// `base` is the path in front of `/e/`, `tls` nil for plain HTTP, `proxy` nil for none in
    /// between; `timeout` is for tests.
    package init(
        host: String, port: Int, base: String, key: String, tls: TLSClient?,
        proxy: HTTPProxy? = nil, timeout: Duration = Inngest.timeout
    ) {
        address = .tcp(host: host, port: port)
        let name = host.contains(":") ? "[\(host)]" : host
        self.host = port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
        target =
            (base.hasSuffix("/") ? String(base.dropLast()) : base)
            + "/e/" + HTTPTarget.encode(key)
        self.tls = tls
        self.proxy = proxy
        self.timeout = timeout
    }

    /// Sends one event, once.
    func send(
        _ event: NoticeEvent, loop: EventLoop, _ done: @escaping (NoticeOutcome) -> Void
    ) -> HTTPCall {
        var request = HTTPRequest(method: "POST", target: target, body: event.json())
        request.fields.set("Host", host)
        request.fields.set("Content-Type", "application/json")
        request.fields.set("Accept", "application/json")
        return HTTPCall(
            loop: loop, address: address, tls: tls, proxy: proxy, request: request,
            timeout: timeout, bodyBytes: Self.answerBytes
        ) { result in
            switch result {
            case .success(let response): done(NoticeOutcome(response))
            case .failure(let error): done(NoticeOutcome(error))
            }
        }
    }
}
