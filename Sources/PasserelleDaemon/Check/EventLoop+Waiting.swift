// SPDX-License-Identifier: MIT

import PasserelleNet

extension EventLoop {
    /// Turns until something is so, or was not for `patience`.
    func turn(for patience: Duration, until isSo: () -> Bool) throws {
        var isLate = false
        let timer = after(patience) { isLate = true }
        defer { cancel(timer) }
        while !isSo(), !isLate { try turn() }
    }
}
