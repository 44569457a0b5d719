// SPDX-License-Identifier: MIT

package import PasserelleDownstream
package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// The open consoles; if there are none, no timer runs and no state is collected.
package final class Consoles: OperatorConsole {
    /// Consoles that may be open at once.
    static let limit = 8
    /// The delay before a console that a newer one has replaced reconnects.
    static let retryReplacedMilliseconds = 60_000
    /// The delay before a console reconnects.
    static let retryMilliseconds = 1000

    let hub: Hub
    let stalls: StallWatch
    /// True if the data of events and the `user_info` of members are shown.
    let showsContent: Bool
    /// Reads the gateway's state.
    private let snapshot: () -> GatewaySnapshot
    private let loop: EventLoop
    private let interval: Duration
    private var readers: [ObjectIdentifier: ConsoleReader] = [:]
    /// The number of the newest console.
    private var lastNumber = 0
    private var timer: TimerToken?

    /// Creates the service without consoles; `interval` is the time between two states.
    package init(
        loop: EventLoop, hub: Hub, stalls: StallWatch, showsContent: Bool,
        interval: Duration = .seconds(1), snapshot: @escaping () -> GatewaySnapshot
    ) {
        self.loop = loop
        self.hub = hub
        self.stalls = stalls
        self.showsContent = showsContent
        self.interval = interval
        self.snapshot = snapshot
    }

    /// The number of open consoles.
    var count: Int { readers.count }
    /// True while the timer runs.
    var isTicking: Bool { timer != nil }

    package func page(_ path: [String]) -> HTTPResponse? {
        ConsolePage(path)?.response
    }

    /// Closes a console if the limit is reached, and returns whether it did: one with waiting
    /// output if there is one, otherwise the oldest.
    package func makeRoom() -> Bool {
        guard readers.count >= Self.limit else { return false }
        let replaced = readers.values.min {
            ($0.isReady ? 1 : 0, $0.number) < ($1.isReady ? 1 : 0, $1.number)
        }
        replaced?.endReplaced()
        return replaced != nil
    }

    /// Opens a console on a link and sends it the gateway's state.
    package func open(_ link: Link, head: [UInt8], isChunked: Bool) {
        lastNumber += 1
        let reader = ConsoleReader(
            link: link, isChunked: isChunked, number: lastNumber, consoles: self)
        readers[ObjectIdentifier(reader)] = reader
        reader.begin(head: head)
        reader.update(state)
        scheduleUpdate()
    }

    /// Handles the retraction of events: no console continues to show them.
    package func retract(events sequences: Set<UInt64>) {
        for reader in readers.values { reader.retract(events: sequences) }
    }

    /// Handles the deletion of a message that has left the log but that a page may still show: if
    /// content is shown, every console receives a fresh list.
    package func retractedLate() {
        guard showsContent else { return }
        for reader in readers.values { reader.reset() }
    }

    /// Ends every console; each reconnects by itself.
    package func drain() {
        for reader in readers.values { reader.end() }
    }

    func closed(_ reader: ConsoleReader) {
        readers[ObjectIdentifier(reader)] = nil
        guard readers.isEmpty, let timer else { return }
        loop.cancel(timer)
        self.timer = nil
    }

    private func scheduleUpdate() {
        guard timer == nil, !readers.isEmpty else { return }
        timer = loop.scheduleTask(in: interval) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.update()
            self.scheduleUpdate()
        }
    }

    private func update() {
        for reader in readers.values where reader.isReady && reader.link.peerIsDead {
            stalls.peerDied(reader)
        }
        let ready = readers.values.filter(\.isReady)
        guard !ready.isEmpty else { return }
        let state = state
        for reader in ready { reader.update(state) }
    }

    private var state: [UInt8] {
        let data = snapshot().console(
            listing: ConsoleChannel.first(in: hub), showsContent: showsContent)
        var frame: [UInt8] = []
        EventStreamWriter.event(id: nil, name: "state", data: data, into: &frame)
        return frame
    }
}
