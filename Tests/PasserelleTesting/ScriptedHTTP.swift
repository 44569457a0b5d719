// SPDX-License-Identifier: MIT
package import PasserelleNet
package import PasserelleWire

/// An HTTP server that writes down each request and leaves the answer to the test.
///
/// Holds the loop's listener; links end when the test or the client ends them.
package final class ScriptedHTTP {
    /// Every whole request that came, in order.
    package private(set) var requests: [HTTPRequest] = []
    /// How many connections were accepted.
    package private(set) var accepted = 0
    /// The links that were accepted and have not ended.
    package private(set) var links: [Link] = []
    /// Called with each request: whatever is sent on the link is the answer.
    package var answer: ((HTTPRequest, Link) -> Void)?

    private var listener: Listener?

    /// Listens on a port of 127.0.0.1 that the kernel chooses.
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

    /// What it shows to those who connect from now on.
    package var tls: TLSServer? {
        get { listener?.tls }
        set { listener?.tls = newValue }
    }

    /// The port that the kernel chose.
    package var port: Int { listener?.boundPort ?? 0 }

    /// Listens no more and ends what is open.
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
