// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Signals as events of the loop (signalfd(2)).
///
/// Blocks the signals for the calling thread and all threads it starts later, so it must be made
/// before any other thread runs. The loop keeps it alive until `close`, but signals stay blocked.
package final class SignalSource {
    private let onSignal: (Int32) -> Void
    private unowned(unsafe) let loop: EventLoop
    private var descriptor: Int32

    /// Calls `onSignal` with the number of each of `signals` from now on.
    package init(
        loop: EventLoop, signals: [Int32], onSignal: @escaping (Int32) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.onSignal = onSignal
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        let code = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard code == 0 else { throw SystemError(call: "pthread_sigmask", code: code) }
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last("signalfd") }
        do {
            try loop.poller.watch(descriptor, for: .readable, by: self)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// Stops receiving signals.
    package func close() {
        guard descriptor >= 0 else { return }
        loop.poller.unwatch(descriptor)
        loopEnded()
    }
}

extension SignalSource: ReadinessHandler {
    func ready(_ events: Interest) {
        var record = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while descriptor >= 0, read(descriptor, &record, size) == size {
            onSignal(Int32(bitPattern: record.ssi_signo))
        }
    }

    func loopEnded() {
        _ = Glibc.close(descriptor)
        descriptor = -1
    }
}
