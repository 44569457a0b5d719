// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The consoles that are open; while there is none, nothing is looked at and no timer runs.
final class Consoles {
    /// Consoles that may be open at once.
    static let limit = 8
    /// How soon one too many may come back, in seconds.
    static let retryAfter = 5
    /// How long a console waits before it connects again.
    static let retryMilliseconds = 1000

    let hub: Hub
    let stalls: StallWatch
    /// Whether what is said on channels, and of members, is shown.
    let showsContent: Bool
    /// Reads how things are; set by whoever has all surfaces.
    var record: () -> ConsoleRecord = { ConsoleRecord() }
    private let loop: EventLoop
    private let interval: Duration
    private var readers: [ObjectIdentifier: ConsoleReader] = [:]
    private var timer: TimerToken?

    init(loop: EventLoop, hub: Hub, stalls: StallWatch, configuration: DownstreamConfiguration) {
        self.loop = loop
        self.hub = hub
        self.stalls = stalls
        showsContent = configuration.consoleShowsContent
        interval = configuration.consoleInterval
    }

    /// How many are open.
    var count: Int { readers.count }
    /// True while time is watched for them.
    var isTicking: Bool { timer != nil }

    /// Refuses one too many.
    func checkRoom() throws(Refusal) {
        guard readers.count >= Self.limit else { return }
        throw .unavailable(
            "too-many-consoles", "There are as many consoles as there may be; come back.",
            retryAfter: Self.retryAfter)
    }

    /// Opens a console on a link, and tells it how things are.
    func open(_ link: Link, head: [UInt8], isChunked: Bool) {
        let reader = ConsoleReader(link: link, isChunked: isChunked, consoles: self)
        readers[ObjectIdentifier(reader)] = reader
        reader.begin(head: head)
        reader.tell(state)
        tick()
    }

    /// Events were taken back: no console shows them any longer.
    func took(back sequences: Set<UInt64>) {
        for reader in readers.values { reader.took(back: sequences) }
    }

    /// A message was deleted that is not held any more, and may still be read on a page: where
    /// content is shown, every console is told anew what is held.
    func deletedLate() {
        guard showsContent else { return }
        for reader in readers.values { reader.beginAnew() }
    }

    /// Ends every console; each comes back by itself.
    func drain() {
        for reader in readers.values { reader.end() }
    }

    func closed(_ reader: ConsoleReader) {
        readers[ObjectIdentifier(reader)] = nil
        guard readers.isEmpty, let timer else { return }
        loop.cancel(timer)
        self.timer = nil
    }

    private func tick() {
        guard timer == nil, !readers.isEmpty else { return }
        timer = loop.after(interval) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.tell()
            self.tick()
        }
    }

    private func tell() {
        let ready = readers.values.filter(\.isReady)
        guard !ready.isEmpty else { return }
        let state = state
        for reader in ready { reader.tell(state) }
    }

    private var state: [UInt8] {
        var frame: [UInt8] = []
        EventStreamWriter.event(
            id: nil, name: "state", data: record().json(showsContent: showsContent), into: &frame)
        return frame
    }
}
