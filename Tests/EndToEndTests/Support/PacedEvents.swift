// SPDX-License-Identifier: MIT
import PasserelleNet

/// Publishes events at a constant rate until it is stopped.
final class PacedEvents {
    private let events: NumberedEvents
    private let fixture: EndToEndFixture
    private let perSecond: Int
    private let began: Duration
    private var isStopped = false

    init(_ events: NumberedEvents, _ fixture: EndToEndFixture, perSecond: Int) {
        self.events = events
        self.fixture = fixture
        self.perSecond = perSecond
        began = fixture.loop.now
        tick()
    }

    func stop() { isStopped = true }

    private func tick() {
        guard !isStopped else { return }
        let passed = (fixture.loop.now - began) / .milliseconds(1)
        events.publish(to: Int(passed) * perSecond / 1000)
        fixture.loop.scheduleTask(in: .milliseconds(5)) { [weak self] in self?.tick() }
    }
}
