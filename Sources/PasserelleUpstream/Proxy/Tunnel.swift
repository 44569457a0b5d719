// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// A link's way through a proxy: asks it for a tunnel, shakes hands over that, then hands the link
/// to the one who wants it.
///
/// Its link keeps it, and it keeps who is to have the link.
final class Tunnel: LinkOwner {
    /// The longest head of a proxy's answer, in bytes.
    static let headBytes = 8_192

    private let request: [UInt8]
    private let host: String
    private let tls: TLSClient?
    private let owner: any LinkOwner
    private unowned let loop: EventLoop
    private var answer = HTTPResponseStreamParser(
        limits: HTTPLimits(headBytes: Tunnel.headBytes, bodyBytes: .max))
    private var isThrough = false
    private var timer: TimerToken?

    /// Starts to connect to the proxy, and gives the link at once.
    ///
    /// `owner` hears of it what it would of a direct one. `timeout` covers the proxy's answer and the TLS handshake too.
    static func open(
        loop: EventLoop, through proxy: HTTPProxy, to address: ListenAddress, tls: TLSClient?,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        let tunnel = Tunnel(loop, proxy, address, tls, owner)
        let link = Dial.connect(loop: loop, to: proxy.address, timeout: timeout, owner: tunnel)
        tunnel.timer = loop.after(timeout) { [weak tunnel, weak link] in
            guard let tunnel, let link else { return }
            tunnel.end(link, .timedOut)
        }
        return link
    }

    private init(
        _ loop: EventLoop, _ proxy: HTTPProxy, _ address: ListenAddress, _ tls: TLSClient?,
        _ owner: any LinkOwner
    ) {
        self.loop = loop
        self.tls = tls
        self.owner = owner
        let target = "\(address)"
        if case .tcp(let host, _) = address { self.host = host } else { host = "" }
        var request = HTTPRequest(method: "CONNECT", target: target, fields: ["Host": target])
        if let authorization = proxy.authorization {
            request.fields.set("Proxy-Authorization", authorization)
        }
        self.request = HTTPWriter.request(request)
    }

    deinit {
        if let timer { loop.cancel(timer) }
    }

    /// Asks for the tunnel; the second time it stands, with TLS on it.
    func linkOpened(_ link: Link) {
        if isThrough { handOver(link) } else { link.send(request) }
    }

    /// Reads the proxy's answer.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isThrough else { return }
        answer.append(bytes)
        do throws(HTTPError) {
            guard case .head(let head)? = try answer.next() else { return }
            guard (200..<300).contains(head.status) else {
                return end(link, .proxy(Self.words(status: head.status)))
            }
            // In a tunnel the client speaks first, whichever protocol goes through it.
            guard answer.takeRemainder().isEmpty else {
                return end(link, .proxy("the proxy sent bytes of its own into the tunnel"))
            }
            isThrough = true
            if let tls { link.secure(as: tls, host: host) } else { handOver(link) }
        } catch {
            end(link, .proxy("the proxy's answer is no HTTP: \(error.message)"))
        }
    }

    /// Passes on how it ended; before the tunnel stands it was the proxy that could not be used.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        let told = isThrough ? end : LinkEnd.proxy("the proxy of HTTPS_PROXY: \(end)")
        owner.linkEnded(link, told)
    }

    private func handOver(_ link: Link) {
        if let timer { loop.cancel(timer) }
        timer = nil
        link.owner = owner
        owner.linkOpened(link)
    }

    private func end(_ link: Link, _ end: LinkEnd) {
        link.close()
        owner.linkEnded(link, end)
    }

    private static func words(status: Int) -> String {
        switch status {
        case 407: "the proxy wants a user and a password: http://USER:PASSWORD@HOST:PORT"
        case 403: "the proxy does not allow this connection (403)"
        default: "the proxy answered \(status)"
        }
    }
}
