// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A forwarding port in front of another: counts the events published through it, and can drop
/// answers.
final class RESTTap {
    /// The number of requests to publish.
    private(set) var events = 0
    /// If true, such requests are forwarded and their answers are dropped: the connection just
    /// ends.
    var losesAnswers = false
    private var listener: Listener?
    private var pairs: [ObjectIdentifier: Pair] = [:]

    init(_ fixture: EndToEndFixture, to port: Int) throws {
        listener = try Listener(loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            [unowned self] link in
            let pair = Pair(link, loop: fixture.loop, port: port, tap: self)
            pairs[ObjectIdentifier(pair)] = pair
        }
    }

    deinit { listener?.close() }

    var port: Int { listener?.boundPort ?? 0 }

    /// Closes the listener; open connections continue.
    func shut() {
        listener?.close()
        listener = nil
    }

    /// Two links that forward bytes to each other.
    private final class Pair: LinkOwner {
        private let near: Link
        private var far: Link?
        private var early: [UInt8] = []
        private var isFarOpen = false
        private var isEvent: Bool?
        private unowned let tap: RESTTap

        init(_ near: Link, loop: EventLoop, port: Int, tap: RESTTap) {
            self.near = near
            self.tap = tap
            near.owner = self
            far = Dial.connect(
                loop: loop, to: .tcp(host: "127.0.0.1", port: port), tls: nil,
                timeout: hangLimit, owner: self)
        }

        func linkOpened(_ link: Link) {
            guard link === far else { return }
            isFarOpen = true
            link.send(early)
            early = []
        }

        func link(_ link: Link, received bytes: Span<UInt8>) {
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            if link === far {
                if isEvent == true, tap.losesAnswers { near.finish() } else { near.send(copy) }
                return
            }
            if isEvent == nil {
                // Each call has its own connection, and its first line arrives in one piece.
                let line = String(decoding: copy.prefix(200), as: UTF8.self)
                isEvent = line.hasPrefix("POST ") && line.contains("/events?")
                if isEvent == true { tap.events += 1 }
            }
            if isFarOpen { far?.send(copy) } else { early += copy }
        }

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            if link === near { far?.finish() } else { near.finish() }
        }
    }
}
