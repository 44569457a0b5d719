// SPDX-License-Identifier: MIT

/// Names one timer, and never another: safe to cancel after it fired.
package struct TimerToken: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}
