// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The application's own Channels auth route, asked as any Channels client asks it
/// (protocol sheet §2).
///
/// One URL, to which no answer leads elsewhere; what is shown to it is the caller's to choose. A
/// yes counts only with a signature by the application's own secret over the socket id of this very
/// call, so that no old answer and no other server's can stand for it.
package final class AuthRoute {
    /// How long a call may take, from name resolution to the answer's last byte.
    package static let timeout: Duration = .seconds(5)
    /// Bytes of the longest answer that is read.
    package static let answerBytes = 65_536
    /// How often failures are told at most.
    package static let noteInterval: Duration = .seconds(60)

    /// Told why the route fails, at most once a minute, and that it answers again.
    package var noted: (Note) -> Void = { _ in }

    /// What whoever keeps the route running should know.
    package enum Note: Equatable {
        case failing(String)
        case recovered
    }

    private let loop: EventLoop
    private let address: ListenAddress
    private let host: String
    private let target: String
    private let tls: TLSClient?
    private let proxy: HTTPProxy?
    private let signer: Signer
    private let timeout: Duration
    /// When failures were last told; `nil` while the route answers.
    private var notedAt: Duration?

    /// `tls` is nil for plain HTTP, `proxy` where the route is reached directly; `timeout` is for
    /// tests.
    package init(
        loop: EventLoop, host: String, port: Int, target: String, tls: TLSClient?,
        proxy: HTTPProxy? = nil, signer: Signer,
        timeout: Duration = AuthRoute.timeout
    ) {
        self.loop = loop
        address = .tcp(host: host, port: port)
        let name = host.contains(":") ? "[\(host)]" : host
        self.host = port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
        self.target = target
        self.tls = tls
        self.proxy = proxy
        self.signer = signer
        self.timeout = timeout
    }

    /// Asks whether the bearer of these fields may read a channel.
    package func ask(
        channel: String, showing fields: HTTPFields,
        _ done: @escaping (AuthRouteAnswer) -> Void
    ) {
        let socketID = "\(Random.uint32()).\(Random.uint32())"
        let body = "socket_id=\(socketID)&channel_name=\(HTTPTarget.encode(channel))"
        var request = HTTPRequest(
            method: "POST", target: target, fields: fields, body: Array(body.utf8))
        request.fields.set("Host", host)
        request.fields.set("Accept", "application/json")
        request.fields.set("Content-Type", "application/x-www-form-urlencoded")
        HTTPCall(
            loop: loop, address: address, tls: tls, proxy: proxy, request: request,
            timeout: timeout, bodyBytes: Self.answerBytes
        ) { [self] result in
            let answer =
                switch result {
                case .success(let response):
                    AuthRouteAnswer(
                        response, channel: channel, socketID: socketID, signer: signer)
                case .failure(let error): AuthRouteAnswer(error)
                }
            note(answer)
            done(answer)
        }
    }

    private func note(_ answer: AuthRouteAnswer) {
        guard case .failed(let words) = answer else {
            if notedAt != nil { noted(.recovered) }
            notedAt = nil
            return
        }
        if let notedAt, loop.now - notedAt < Self.noteInterval { return }
        notedAt = loop.now
        noted(.failing(words))
    }
}
