// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// What every surface works with: the hub, the loop, the encoder, and what is to be done when the
/// turn's news has been told.
final class Desk {
    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    let streams: EventStreams
    /// Who does not read.
    let stalls: StallWatch
    /// The consoles that operators have open.
    let consoles: Consoles
    /// What clients may take.
    let quotas: Quotas
    let configuration: DownstreamConfiguration
    let services: DownstreamServices
    /// Who checks readers; `nil` where nobody does.
    let door: Door?
    /// Requests answered, by surface, and lines.
    var tally = Tally()
    /// The answer to polls that bring nothing new.
    var notModified = NotModified()
    /// How long turns took that told news, from when they began to when it was written.
    private(set) var latency = DurationHistogram()
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
        door = configuration.access.map { access in
            Door(
                loop: loop, access: access, memberID: configuration.memberID,
                askRoute: services.askRoute)
        }
        stalls = StallWatch(loop: loop, limit: configuration.stall)
        consoles = Consoles(loop: loop, hub: hub, stalls: stalls, configuration: configuration)
        quotas = Quotas(loop: loop, configuration: configuration, services: services)
        streams = EventStreams(
            loop: loop, hub: hub, encoder: encoder, stalls: stalls, quotas: quotas,
            heartbeat: configuration.heartbeat, left: services.presence.left)
        hub.fetch = { readers, index in
            // The first word of a reference to an object with a protocol is the object's address;
            // were it another, the hint would help nobody, and harm nobody.
            let place = index * MemoryLayout<any Reader>.stride
            readers.withUnsafeBytes {
                Prefetch.memory(at: $0.load(fromByteOffset: place, as: UnsafeRawPointer.self))
            }
        }
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
        let deletions = hub.takeDeletions()
        if !deletions.isEmpty {
            streams.retracted(by: deletions)
            stalls.retracted(by: deletions)
        }
        let retracted = hub.takeRetracted()
        if !retracted.isEmpty { consoles.took(back: retracted) }
        if hub.takeLateDeletion() { consoles.deletedLate() }
        var toldNews = false
        repeat {
            if hub.tellNews() { toldNews = true }
            let work = due
            due.removeAll(keepingCapacity: true)
            for item in work { item() }
        } while !due.isEmpty
        streams.turnEnded()
        if toldNews { latency.add(loop.turnLength) }
    }
}

/// What Downstream has counted since it began.
package struct Tally: Equatable, Sendable {
    package var polls: UInt64 = 0
    package var notModified: UInt64 = 0
    package var streams: UInt64 = 0
    /// Requests and commands that were refused.
    package private(set) var refusals: UInt64 = 0
    /// The same by the word for programs in the answer: as many as this program has.
    package private(set) var refusalWords: [String: UInt64] = [:]
    package var lines: UInt64 = 0
    /// Client events that were sent, or repeated what had been said.
    package var clientEvents: UInt64 = 0
    /// What polls told.
    package var polled = Deliveries()
    /// What was told on the Unix socket.
    package var lined = Deliveries()

    package init() {}

    /// Notes that a request or command was refused, or a peer sent away.
    package mutating func refused(_ word: String) {
        refusals += 1
        refusalWords[word, default: 0] += 1
    }
}
