// SPDX-License-Identifier: MIT

/// One movable deadline with its timer, for the owner of a value that computes the deadline.
///
/// Postponing the deadline costs no timer: the earlier timer fires, and the callback must check the
/// time and set the alarm again.
package final class Alarm {
    private let loop: EventLoop
    private let body: () -> Void
    private var timer: TimerToken?
    private var firesAt: Duration?

    /// Creates an alarm that is not set; `body` is called each time the alarm fires.
    package init(_ loop: EventLoop, _ body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
    }

    deinit {
        if let timer { loop.cancel(timer) }
    }

    /// Makes the alarm fire at `deadline` on the loop's clock, or earlier if it was set to an
    /// earlier deadline before; `nil` cancels it.
    package func set(_ deadline: Duration?) {
        if let firesAt, let deadline, deadline >= firesAt { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        firesAt = deadline
        guard let deadline else { return }
        timer = loop.scheduleTask(in: deadline - loop.now) { [weak self] in
            guard let self else { return }
            timer = nil
            firesAt = nil
            body()
        }
    }
}
