// SPDX-License-Identifier: MIT

/// Makes outbound links.
package enum Dial {
    /// Starts to connect, and gives the link at once; `linkOpened` or `linkEnded` follows, never
    /// before this returns.
    ///
    /// A name is resolved off the loop, then each of its addresses is tried in turn, each with an
    /// equal share of the time that is left. `timeout` covers all of it, the TLS handshake too.
    /// `close()` on the link cancels. What is sent before the link is open waits in its queue.
    package static func connect(
        loop: EventLoop, to address: ListenAddress, tls: TLSClient? = nil,
        timeout: Duration = .seconds(10), owner: any LinkOwner
    ) -> Link {
        let link = Link(dialling: loop)
        link.owner = owner
        let attempt = DialAttempt(link: link, tls: tls, timeout: timeout)
        link.dial = attempt
        attempt.start(address)
        return link
    }

    /// Connects to the first of `addresses` that answers, as one host called `host`.
    static func connect(
        loop: EventLoop, host: String, addresses: [SocketAddress], tls: TLSClient? = nil,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        let link = Link(dialling: loop)
        link.owner = owner
        let attempt = DialAttempt(link: link, tls: tls, timeout: timeout)
        link.dial = attempt
        attempt.host = host
        attempt.resolved(.success(addresses))
        return link
    }
}
