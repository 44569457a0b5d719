// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
package import PasserelleWire

/// What Downstream is told by whoever builds the house.
package struct DownstreamConfiguration {
    /// Which channels may be asked for.
    package var channels: ChannelPatterns
    /// How often a silent stream is written to.
    package var heartbeat: Duration = .seconds(15)
    /// Bytes of data that an event to be published may have: what Channels accepts.
    package var publishBytes = 10_240

    package init(channels: ChannelPatterns) {
        self.channels = channels
    }
}

/// What became of an event that was to be published.
package enum PublishOutcome: Equatable, Sendable {
    case sent
    /// Channels says no; its words.
    case refused(String)
    /// Channels could not be reached; nothing was sent.
    case unavailable(String)
    /// Sent, and not answered: it may or may not have taken effect.
    case unknown(String)
}

/// What Downstream needs of the rest of the house.
package struct DownstreamServices {
    /// Sends a server event through Channels, once.
    package var publish:
        (
            _ channel: String, _ event: String, _ data: [UInt8],
            _ done: @escaping (PublishOutcome) -> Void
        ) -> Void
    /// The gateway's state as one JSON object, for `STATUS`.
    package var status: () -> [UInt8]
    /// Whether the gateway is ready, with one sentence that says why not.
    package var readiness: () -> (isReady: Bool, words: String)
    /// Answers requests that are no route of ours; gives `false` where it has no answer either.
    package var otherRoutes: (HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool

    package init(
        publish: @escaping (String, String, [UInt8], @escaping (PublishOutcome) -> Void) -> Void,
        status: @escaping () -> [UInt8],
        readiness: @escaping () -> (isReady: Bool, words: String),
        otherRoutes: @escaping (HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool = { _, _ in
            false
        }
    ) {
        self.publish = publish
        self.status = status
        self.readiness = readiness
        self.otherRoutes = otherRoutes
    }
}

/// What every surface works with: the hub, the loop, the encoder, and what is to be done when the
/// turn's news has been told.
final class Desk {
    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    let streams: EventStreams
    let configuration: DownstreamConfiguration
    let services: DownstreamServices
    /// Requests answered, by surface, and lines.
    var tally = Tally()
    private var due: [() -> Void] = []

    init(
        loop: EventLoop, hub: Hub, configuration: DownstreamConfiguration,
        services: DownstreamServices
    ) {
        self.loop = loop
        self.hub = hub
        self.configuration = configuration
        self.services = services
        encoder = EventEncoder(hub: hub)
        streams = EventStreams(
            loop: loop, hub: hub, encoder: encoder, heartbeat: configuration.heartbeat)
    }

    /// This turn, on both clocks.
    var now: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    /// Does something as soon as the hub has told its news: then readers may come and go.
    func afterNews(_ work: @escaping () -> Void) {
        due.append(work)
    }

    /// Tells the turn's news, then does what became due, until nothing is left.
    func settle() {
        repeat {
            hub.tellNews()
            let work = due
            due.removeAll(keepingCapacity: true)
            for item in work { item() }
        } while !due.isEmpty
        streams.turnEnded()
    }
}

/// What Downstream has counted since it began.
package struct Tally: Equatable, Sendable {
    package var polls: UInt64 = 0
    package var notModified: UInt64 = 0
    package var streams: UInt64 = 0
    package var refusals: UInt64 = 0
    package var lines: UInt64 = 0
}
