// SPDX-License-Identifier: MIT

/// One deadline that moves, for a shell around a value that names its own.
///
/// To put the deadline off costs nothing: the timer that was set before fires, and whoever is
/// called looks at the time and sets the alarm anew.
package final class Alarm {
    private let loop: EventLoop
    private let body: () -> Void
    private var timer: TimerToken?
    private var firesAt: Duration?

    /// Builds an alarm that is not set; `body` is called once for each time that it fires.
    package init(_ loop: EventLoop, _ body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
    }

    deinit {
        if let timer { loop.cancel(timer) }
    }

    /// Has the alarm fire at `deadline` on the loop's clock, or earlier where it was set to an
    /// earlier one before; `nil`: not at all.
    package func set(_ deadline: Duration?) {
        if let firesAt, let deadline, deadline >= firesAt { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        firesAt = deadline
        guard let deadline else { return }
        timer = loop.after(deadline - loop.now) { [weak self] in
            guard let self else { return }
            timer = nil
            firesAt = nil
            body()
        }
    }
}
