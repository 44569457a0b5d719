// SPDX-License-Identifier: MIT
import PasserelleNet

/// Publishes at a pace, for as long as it is not stopped.
final class PacedEvents {
    private let events: NumberedEvents
    private let stage: Stage
    private let perSecond: Int
    private let began: Duration
    private var isStopped = false

    init(_ events: NumberedEvents, _ stage: Stage, perSecond: Int) {
        self.events = events
        self.stage = stage
        self.perSecond = perSecond
        began = stage.loop.now
        tick()
    }

    func stop() { isStopped = true }

    private func tick() {
        guard !isStopped else { return }
        let passed = (stage.loop.now - began) / .milliseconds(1)
        events.publish(to: Int(passed) * perSecond / 1000)
        stage.loop.after(.milliseconds(5)) { [weak self] in self?.tick() }
    }
}
