// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// The process groups that tests have started and that still run; killed when this process exits.
enum Survivors {
    private static let groups = Mutex<Set<pid_t>>([])

    /// Registers the exit handler once.
    private static let isRegistered: Bool =
        atexit {
            Survivors.groups.withLock { groups in
                for group in groups { kill(-group, SIGKILL) }
            }
        } == 0

    /// Adds a process that leads its own group.
    static func add(_ group: pid_t) {
        precondition(isRegistered, "atexit took no function")
        groups.withLock { _ = $0.insert(group) }
    }

    /// Removes a process after it was waited for, since its number may be reused.
    static func remove(_ group: pid_t) {
        groups.withLock { _ = $0.remove(group) }
    }
}
