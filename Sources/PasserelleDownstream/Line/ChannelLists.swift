// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Answers `CHANNELS` with one list for all connections that request it while it is built.
final class ChannelLists {
    /// The number of channels up to which a list is built at once.
    static let channelsAtOnce = ChannelListing.describedChannels - 1
    /// The age up to which a list is reused.
    static let longestAge: Duration = .milliseconds(250)
    /// Connections that receive a list in one turn.
    static let answersPerTurn = 8

    private let loop: EventLoop
    private let hub: Hub
    private var waiting: [([UInt8]) -> Void] = []
    private var listing: ChannelListing?
    private var last: (time: Duration, json: [UInt8])?
    private var isDue = false

    init(loop: EventLoop, hub: Hub) {
        self.loop = loop
        self.hub = hub
    }

    /// True if there are so few channels that a list can be built at once.
    var isShort: Bool { hub.channels.count <= Self.channelsAtOnce }

    /// The list, built at once.
    var short: [UInt8] {
        var listing = ChannelListing(names: Array(hub.channels.keys))
        while true {
            if let json = listing.makePiece(of: hub) { return json }
        }
    }

    /// Calls `done` with the list some turns later.
    func ask(_ done: @escaping ([UInt8]) -> Void) {
        waiting.append(done)
        scheduleNextPiece()
    }

    private func scheduleNextPiece() {
        guard !isDue, !waiting.isEmpty else { return }
        isDue = true
        loop.scheduleTask(in: .zero) { [weak self] in
            guard let self else { return }
            self.isDue = false
            self.makePiece()
            self.scheduleNextPiece()
        }
    }

    private func makePiece() {
        if let last, loop.now - last.time <= Self.longestAge { return give(last.json) }
        last = nil
        var listing = listing ?? ChannelListing(names: Array(hub.channels.keys))
        self.listing = nil
        if let json = listing.makePiece(of: hub) {
            last = (loop.now, json)
            loop.scheduleTask(in: Self.longestAge * 2) { [weak self] in self?.discardExpired() }
        } else {
            self.listing = listing
        }
    }

    private func give(_ json: [UInt8]) {
        let asking = waiting.prefix(Self.answersPerTurn)
        waiting.removeFirst(asking.count)
        for done in asking { done(json) }
    }

    private func discardExpired() {
        if let last, loop.now - last.time > Self.longestAge { self.last = nil }
    }
}
