// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Threads for calls that block.
enum WorkerThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that runs `body`, with all signals blocked.
    ///
    /// The caller must join or detach it.
    static func start(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        let retained = Unmanaged.passRetained(Body(name, body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                CLinux_name_thread(body.name)
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                body.run()
                return nil
            }, retained.toOpaque())
        if code == 0 { return thread }
        retained.release()
        throw SystemError(call: "pthread_create", code: code)
    }
}
