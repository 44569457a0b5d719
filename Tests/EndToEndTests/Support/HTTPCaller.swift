// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A persistent HTTP connection: requests are sent at once, answers arrive in order.
final class HTTPCaller: LinkOwner {
    private(set) var end: LinkEnd?
    private var link: Link?
    private var isOpen = false
    private var unsent: [UInt8] = []
    private var waiting: [(HTTPResponse) -> Void] = []
    private var next = 0
    private var parser = HTTPResponseParser(limits: HTTPLimits(bodyBytes: 64 << 20))

    init(loop: EventLoop, address: ListenAddress, tls: TLSClient? = nil) {
        link = Dial.connect(loop: loop, to: address, tls: tls, timeout: hangLimit, owner: self)
    }

    /// The number of requests without an answer.
    var openCount: Int { waiting.count - next }

    func send(_ request: HTTPRequest, then: @escaping (HTTPResponse) -> Void) {
        waiting.append(then)
        if request.method == "HEAD" { parser.requestWasHEAD() }
        send(HTTPWriter.request(request))
    }

    /// Sends bytes unchanged.
    func send(_ bytes: [UInt8]) {
        if isOpen { link?.send(bytes) } else { unsent += bytes }
    }

    func close() {
        link?.close()
    }

    func linkOpened(_ link: Link) {
        isOpen = true
        link.send(unsent)
        unsent = []
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        while let answer = try? parser.next() { deliver(answer) }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        if let answer = try? parser.closedByPeer() { deliver(answer) }
        self.end = end
    }

    private func deliver(_ answer: HTTPResponse) {
        guard next < waiting.count else { return }
        let then = waiting[next]
        next += 1
        if next == waiting.count {
            waiting = []
            next = 0
        }
        then(answer)
    }
}
