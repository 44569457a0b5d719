// SPDX-License-Identifier: MIT
package import PasserelleNet
package import PasserelleWire

/// An HTTP server that records each request and leaves the answer to the test.
///
/// Its listener and its links belong to the loop; links end when the test or the client ends them.
package final class ScriptedHTTP {
    /// The complete requests received, in order.
    package private(set) var requests: [HTTPRequest] = []
    /// The number of connections accepted.
    package private(set) var accepted = 0
    /// The accepted links that have not ended.
    package private(set) var links: [Link] = []
    /// Called with each request; must send the answer on the link.
    package var answer: ((HTTPRequest, Link) -> Void)?

    private var listener: Listener?

    /// Listens on a port of 127.0.0.1 chosen by the kernel.
    package init(loop: EventLoop, tls: TLSServer? = nil) throws {
        listener = try Listener(
            loop: loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { [weak self] link in
            guard let self else { return }
            self.accepted += 1
            self.links.append(link)
            link.owner = Reader(server: self)
        }
    }

    deinit { close() }

    /// The TLS configuration of later connections.
    package var tls: TLSServer? {
        get { listener?.tls }
        set { listener?.tls = newValue }
    }

    /// The bound port.
    package var port: Int { listener?.boundPort ?? 0 }

    /// Closes the listener and all links.
    package func close() {
        listener?.close()
        for link in links { link.close() }
        links = []
    }

    private final class Reader: LinkOwner {
        private weak var server: ScriptedHTTP?
        private var parser = HTTPRequestParser(limits: HTTPLimits(bodyBytes: 1_048_576))

        init(server: ScriptedHTTP) { self.server = server }

        func link(_ link: Link, received bytes: Span<UInt8>) {
            parser.append(bytes)
            while let request = try? parser.next() {
                server?.requests.append(request)
                server?.answer?(request, link)
            }
        }

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            server?.links.removeAll { $0 === link }
        }
    }
}
