// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting

/// A TLS terminator in front of a plain port of 127.0.0.1, in the role of a `wss` server.
final class TLSFront {
    private(set) var listener: Listener?
    private var pairs: [ObjectIdentifier: Pair] = [:]

    init(_ fixture: EndToEndFixture, certificate: String, key: String, to port: Int) throws {
        let tls = try TLSServer(certificateFile: certificate, keyFile: key)
        listener = try Listener(
            loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { [unowned self] link in
            let pair = Pair(link, loop: fixture.loop, port: port)
            pairs[ObjectIdentifier(pair)] = pair
        }
    }

    deinit { listener?.close() }

    var port: Int { listener?.boundPort ?? 0 }

    /// The number of accepted connections, those with a failed handshake included.
    var accepted: Int { pairs.count }

    /// Two links that forward bytes to each other.
    private final class Pair: LinkOwner {
        private let near: Link
        private var far: Link?
        private var early: [UInt8] = []
        private var isFarOpen = false

        init(_ near: Link, loop: EventLoop, port: Int) {
            self.near = near
            near.owner = self
            near.outputLimit = 64 << 20
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
                near.send(copy)
            } else if isFarOpen {
                far?.send(copy)
            } else {
                early += copy
            }
        }

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            if link === near { far?.finish() } else { near.finish() }
        }
    }
}
