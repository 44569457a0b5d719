// SPDX-License-Identifier: MIT

import Glibc

/// Makes outbound links.
package enum Dial {
    /// Starts to connect and returns the link at once.
    ///
    /// `linkOpened` or `linkEnded` follows, never before this returns. A name is resolved off the
    /// loop. Then its addresses are tried in order, each with an equal share of the time left.
    /// `timeout` includes the TLS handshake. `close()` on the link cancels the dial. Bytes sent
    /// before the link is open wait in its queue.
    package static func connect(
        loop: EventLoop, to address: ListenAddress, tls: TLSClient? = nil,
        timeout: Duration = .seconds(10), owner: any LinkOwner
    ) -> Link {
        dial(loop, tls, timeout, owner) { $0.start(address) }
    }

    /// Connects to the first of `addresses` that accepts, as one host called `host`.
    static func connect(
        loop: EventLoop, host: String, addresses: [SocketAddress], tls: TLSClient? = nil,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        dial(loop, tls, timeout, owner) { attempt in
            attempt.host = host
            attempt.resolved(.success(addresses))
        }
    }

    private static func dial(
        _ loop: EventLoop, _ tls: TLSClient?, _ timeout: Duration, _ owner: any LinkOwner,
        _ start: (DialAttempt) -> Void
    ) -> Link {
        let link = Link(dialling: loop)
        link.owner = owner
        let attempt = DialAttempt(link: link, tls: tls, timeout: timeout)
        link.dial = attempt
        start(attempt)
        return link
    }
}
