// SPDX-License-Identifier: MIT

package import PasserelleNet

/// Reports the gateway's state to the service manager, only at the end of the loop's turns.
package final class Supervision {
    private let loop: EventLoop
    private let facts: () -> ServiceNotifier.Facts
    private let notify: (String) -> Void
    /// The manager's watchdog limit.
    let watchdog: Duration?
    private var announcer: ServiceNotifier

    /// Creates a supervision that calls `facts` when it needs them.
    package init(
        loop: EventLoop, watchdog: Duration? = Systemd.watchdogLimit(),
        notify: @escaping (String) -> Void = Systemd.notify,
        facts: @escaping () -> ServiceNotifier.Facts
    ) {
        self.loop = loop
        self.facts = facts
        self.notify = notify
        self.watchdog = watchdog
        announcer = ServiceNotifier(watchdog: watchdog)
        keepTurning()
    }

    /// Called at the end of a turn, when everything in it is done.
    package func turnEnded() {
        let wasReady = announcer.isReady
        let text = announcer.turned(at: loop.now, facts)
        // Before the notification: the code that sends it is needed again by the first reader.
        if !wasReady, announcer.isReady { StartupPages.release() }
        if let text { notify(text) }
    }

    /// Runs a reload between the notifications of its start and its end.
    package func reload(_ body: () -> Void) {
        if let text = announcer.reloadBegan(at: loop.now) { notify(text) }
        body()
        if let text = announcer.reloadEnded() { notify(text) }
    }

    /// Reports that another process is the service's from now on; it reports by itself afterwards.
    package func replaced(by process: Int32) {
        notify("MAINPID=\(process)\nREADY=1")
    }

    /// Reports that the gateway stops.
    package func stopping() {
        notify(announcer.stopping())
    }

    /// Wakes an idle loop for the next notification.
    private func keepTurning() {
        loop.scheduleTask(in: announcer.interval) { [weak self] in self?.keepTurning() }
    }
}
