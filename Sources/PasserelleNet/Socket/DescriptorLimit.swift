// SPDX-License-Identifier: MIT

import Glibc

/// The limit of descriptors that the process may open.
package enum DescriptorLimit {
    /// Raises the limit to its maximum and returns it, or `Int.max` if the system reports none.
    ///
    /// That is safe: no call here depends on a descriptor's number.
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
