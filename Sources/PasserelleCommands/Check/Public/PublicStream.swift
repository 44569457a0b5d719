// SPDX-License-Identifier: MIT

import PasserelleHTTP
package import PasserelleNet
package import PasserelleWire

/// An event stream read from outside, with the arrival time of each event.
package final class PublicStream: LinkOwner {
    /// How the stream ended.
    package enum End: Equatable {
        /// Complete, by the gateway or by a proxy.
        case orderly
        /// Cut off; the text has the reason.
        case cut(String)
        /// With bytes that are not HTTP, or not an event stream.
        case garbled(String)
    }

    /// An event that arrived.
    package struct Arrival: Equatable {
        package let name: String
        package let time: Duration
    }

    /// The maximum number of events recorded; more than any check publishes.
    private static let eventLimit = 100

    private let loop: EventLoop
    private let request: [UInt8]
    private var link: Link?
    private var http = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var stream = EventStreamParser()
    /// The response head.
    package private(set) var head: HTTPResponse?
    /// When the request was sent, and when the first and the latest byte of the body arrived.
    package private(set) var asked: Duration?
    package private(set) var opened: Duration?
    package private(set) var latest: Duration?
    package private(set) var arrivals: [Arrival] = []
    package private(set) var end: End?
    package private(set) var endTime: Duration?

    /// Connects and sends the request at once.
    package init(
        _ request: HTTPRequest, of site: PublicSite, on loop: EventLoop, within timeout: Duration
    ) {
        self.loop = loop
        var request = request
        request.fields.set("Accept", "text/event-stream")
        request.fields.set("Passerelle-Refusals", "status")
        // As a browser does. The response should be uncompressed nevertheless.
        request.fields.set("Accept-Encoding", "gzip, deflate, br")
        self.request = HTTPWriter.request(request)
        link = Outbound.connect(
            loop: loop, to: site.address, tls: site.tls, proxy: site.proxy, timeout: timeout,
            owner: self)
    }

    /// The number of keep-alive comments received.
    package var keepAlives: Int { stream.commentCount }
    /// The content coding of the body, if a proxy applied one.
    package var coding: String? { head?.fields.first("Content-Encoding") }

    /// Returns when the event `name` arrived for the `number`th time, counted from 0.
    package func time(of name: String, _ number: Int) -> Duration? {
        let times = arrivals.lazy.filter { $0.name == name }
        return times.dropFirst(number).first?.time
    }

    /// Closes the connection.
    package func close() {
        link?.close()
        link = nil
    }

    package func linkOpened(_ link: Link) {
        asked = loop.now
        link.send(request)
    }

    package func link(_ link: Link, received bytes: Span<UInt8>) {
        guard end == nil else { return }
        http.append(bytes)
        do throws(HTTPError) {
            while let part = try http.next() { take(part) }
        } catch {
            ended(.garbled(error.message))
        }
    }

    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        // A body without a length ends with its connection, exactly like one that is cut off.
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
