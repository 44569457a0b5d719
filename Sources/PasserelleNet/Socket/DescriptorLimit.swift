// SPDX-License-Identifier: MIT
import Glibc

/// How many descriptors the process may have.
package enum DescriptorLimit {
    /// Raises the limit to what the process may raise it to, since no call here cares how large a
    /// descriptor is; gives what it is then, `Int.max` where the system does not say.
    package static func raise() -> Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return .max }
        let held = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let now = setrlimit(kind, &limit) == 0 ? limit.rlim_max : held
        return Int(exactly: now) ?? .max
    }
}
