// SPDX-License-Identifier: MIT
package final class EventLoop {
    package private(set) var now: Duration = .zero
    package private(set) var wallMilliseconds: Int64 = 0
    package let mailbox = Mailbox()
    package init() throws(SystemError) {}
    package func turn(upTo timeout: Duration? = nil) throws(SystemError) {}
    package func run() throws(SystemError) {}
    package func stop() {}
    @discardableResult
    package func after(_ delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        TimerToken(slot: 0, generation: 0)
    }
    package func cancel(_ timer: TimerToken) {}
    package func atTurnEnd(_ body: @escaping () -> Void) {}
    package func soon(_ body: @escaping () -> Void) {}
}
