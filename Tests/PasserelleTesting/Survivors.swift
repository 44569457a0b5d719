// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// The process groups that tests have started and not seen the end of; killed when this one exits.
enum Survivors {
    private static let groups = Mutex<Set<pid_t>>([])

    /// Registers the end of all of them, once.
    private static let isRegistered: Bool =
        atexit {
            Survivors.groups.withLock { groups in
                for group in groups { kill(-group, SIGKILL) }
            }
        } == 0

    /// Notes that a process leads a group of its own.
    static func add(_ group: pid_t) {
        precondition(isRegistered, "atexit took no function")
        groups.withLock { _ = $0.insert(group) }
    }

    /// Notes that it has been waited for, so that its number may come to be another's.
    static func remove(_ group: pid_t) {
        groups.withLock { _ = $0.remove(group) }
    }
}
