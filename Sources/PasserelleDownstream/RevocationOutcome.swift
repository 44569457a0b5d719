// SPDX-License-Identifier: MIT

/// The outcome of a revocation.
package struct RevocationOutcome: Equatable, Sendable {
    /// Event streams that were ended.
    package var streams = 0
    /// Polls and other waiting requests that were ended.
    package var requests = 0
    /// False if the limit on remembered revocations was reached: earlier authorizations remain
    /// valid.
    package var isRemembered = true
}
