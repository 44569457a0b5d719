// SPDX-License-Identifier: MIT

import PasserelleNet

/// Tells the service manager how the gateway is, at the end of the loop's turns and only there.
final class Supervision {
    private let loop: EventLoop
    private let facts: () -> ServiceAnnouncer.Facts
    private let notify: (String) -> Void
    private var announcer: ServiceAnnouncer

    /// A supervision that reads `facts` when it needs them.
    init(
        loop: EventLoop, watchdog: Duration? = Systemd.watchdogLimit(),
        notify: @escaping (String) -> Void = Systemd.notify,
        facts: @escaping () -> ServiceAnnouncer.Facts
    ) {
        self.loop = loop
        self.facts = facts
        self.notify = notify
        announcer = ServiceAnnouncer(watchdog: watchdog)
        keepTurning()
    }

    /// A turn is over, and everything that came in it was done.
    func turnEnded() {
        let wasReady = announcer.isReady
        let text = announcer.turned(at: loop.now, facts)
        // Before it is said: what says it is needed again with the first reader.
        if !wasReady, announcer.isReady { StartupPages.release() }
        if let text { notify(text) }
    }

    /// Runs a reload between the words that stand around it.
    func reload(_ body: () -> Void) {
        if let text = announcer.reloadBegan(at: loop.now) { notify(text) }
        body()
        if let text = announcer.reloadEnded() { notify(text) }
    }

    /// The end begins.
    func stopping() {
        notify(announcer.stopping())
    }

    /// An idle loop sleeps: this wakes it in time.
    private func keepTurning() {
        loop.after(announcer.interval) { [weak self] in self?.keepTurning() }
    }
}
