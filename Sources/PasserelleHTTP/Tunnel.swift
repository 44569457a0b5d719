// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// Opens a link through an HTTP proxy: requests a tunnel with `CONNECT`, performs the TLS handshake
/// inside it, then transfers the link to its final owner.
///
/// The link retains the tunnel, and the tunnel retains the final owner.
final class Tunnel: LinkOwner {
    /// The longest head of the proxy's answer, in bytes.
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

    /// Starts connecting to the proxy and returns the link at once.
    ///
    /// `owner` receives the same calls as for a direct link. `timeout` includes the proxy's answer
    /// and the TLS handshake.
    static func open(
        loop: EventLoop, through proxy: HTTPProxy, to address: ListenAddress, tls: TLSClient?,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        let tunnel = Tunnel(loop, proxy, address, tls, owner)
        let link = Dial.connect(loop: loop, to: proxy.address, timeout: timeout, owner: tunnel)
        tunnel.timer = loop.scheduleTask(in: timeout) { [weak tunnel, weak link] in
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

    /// Requests the tunnel; when called again, after the TLS handshake, transfers the link.
    func linkOpened(_ link: Link) {
        if isThrough { handOver(link) } else { link.send(request) }
    }

    /// Parses the proxy's answer.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isThrough else { return }
        answer.append(bytes)
        do throws(HTTPError) {
            guard case .head(let head)? = try answer.next() else { return }
            guard (200..<300).contains(head.status) else {
                return end(link, .proxy(Self.words(status: head.status)))
            }
            // Inside a tunnel the client sends first, in every protocol used here.
            guard answer.takeRemainder().isEmpty else {
                return end(link, .proxy("the proxy sent bytes of its own into the tunnel"))
            }
            isThrough = true
            if let tls { link.secure(as: tls, host: host) } else { handOver(link) }
        } catch {
            end(link, .proxy("the proxy's answer is not HTTP: \(error.message)"))
        }
    }

    /// Reports the end of the link; before the tunnel is open, names the proxy as the cause.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        let reported = isThrough ? end : LinkEnd.proxy("the proxy in HTTPS_PROXY: \(end)")
        owner.linkEnded(link, reported)
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
        case 407: "the proxy requires a user and a password: http://USER:PASSWORD@HOST:PORT"
        case 403: "the proxy does not allow this connection (403)"
        default: "the proxy answered \(status)"
        }
    }
}

/// Opens links to servers, directly or through a proxy.
package enum Outbound {
    /// Connects as `Dial.connect` does, through a tunnel if `proxy` is set.
    package static func connect(
        loop: EventLoop, to address: ListenAddress, tls: TLSClient?, proxy: HTTPProxy?,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        guard let proxy else {
            return Dial.connect(loop: loop, to: address, tls: tls, timeout: timeout, owner: owner)
        }
        return Tunnel.open(
            loop: loop, through: proxy, to: address, tls: tls, timeout: timeout, owner: owner)
    }
}
