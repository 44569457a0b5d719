// SPDX-License-Identifier: MIT

import CLinux
import PasserelleNet

/// The memory that only the start of the process needs.
enum StartupPages {
    /// Gives it back: half of the libraries' code that is mapped when everything listens has run
    /// once, to set them up, and will not run again.
    ///
    /// Costs some hundred minor faults afterwards, and nothing a delivery.
    static func release() {
        CLinux_release_startup_pages()
        // What signs subscriptions is wanted by the first reader, and comes back before it.
        _ = Digest.hmacSHA256(key: [0], [0])
    }
}
