// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// An event stream as a reader outside has it, and when each thing of it came.
final class PublicStream: LinkOwner {
    /// How it ended.
    enum End: Equatable {
        /// As the gateway ends one, or a proxy that means to.
        case orderly
        /// In the middle; the words say how.
        case cut(String)
        /// With what is no HTTP, or no event stream.
        case garbled(String)
    }

    /// Something that came.
    struct Arrival: Equatable {
        let name: String
        let time: Duration
    }

    /// Events that are kept: more than any check sends.
    private static let eventLimit = 100

    private let loop: EventLoop
    private let request: [UInt8]
    private var link: Link?
    private var http = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var stream = EventStreamParser()
    /// The answer's head.
    private(set) var head: HTTPResponse?
    /// When the request was sent, the first byte of the body came, and the last.
    private(set) var asked: Duration?
    private(set) var opened: Duration?
    private(set) var latest: Duration?
    private(set) var arrivals: [Arrival] = []
    private(set) var end: End?
    private(set) var endTime: Duration?

    /// Connects and asks at once.
    init(_ request: HTTPRequest, of site: PublicSite, on loop: EventLoop, within timeout: Duration)
    {
        self.loop = loop
        var request = request
        request.fields.set("Accept", "text/event-stream")
        // As a browser does; what comes back is not to be compressed.
        request.fields.set("Accept-Encoding", "gzip, deflate, br")
        self.request = HTTPWriter.request(request)
        link = Outbound.connect(
            loop: loop, to: site.address, tls: site.tls, proxy: site.proxy, timeout: timeout,
            owner: self)
    }

    /// Comments that came: heartbeats.
    var beats: Int { stream.commentCount }
    /// The body's coding, where a proxy has put it into one.
    var coding: String? { head?.fields.first("Content-Encoding") }

    /// When the event of that name came for the `number`th time, counted from 0.
    func time(of name: String, _ number: Int) -> Duration? {
        let times = arrivals.lazy.filter { $0.name == name }
        return times.dropFirst(number).first?.time
    }

    /// Leaves.
    func close() {
        link?.close()
        link = nil
    }

    func linkOpened(_ link: Link) {
        asked = loop.now
        link.send(request)
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard end == nil else { return }
        http.append(bytes)
        do throws(HTTPError) {
            while let part = try http.next() { take(part) }
        } catch {
            ended(.garbled(error.message))
        }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        // A body without a length ends with its connection, which nothing tells from a cut.
        ended(.cut(end == .closedByPeer ? "the connection was closed" : "\(end)"))
    }

    private func take(_ part: HTTPResponsePart) {
        switch part {
        case .head(let response): head = response
        case .body(let bytes):
            if opened == nil { opened = loop.now }
            latest = loop.now
            read(bytes)
        case .end: ended(.orderly)
        }
    }

    private func read(_ bytes: [UInt8]) {
        guard coding == nil, head?.status == 200 else { return }
        stream.append(bytes.span)
        do throws(EventStreamError) {
            while let message = try stream.next() {
                guard arrivals.count < Self.eventLimit else { continue }
                arrivals.append(Arrival(name: message.event, time: loop.now))
            }
        } catch {
            ended(.garbled("an event that is too large"))
        }
    }

    private func ended(_ end: End) {
        guard self.end == nil else { return }
        self.end = end
        endTime = loop.now
        close()
    }
}
