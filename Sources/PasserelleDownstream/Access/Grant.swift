// SPDX-License-Identifier: MIT

import PasserelleWire

/// What somebody has who was admitted.
struct Grant {
    /// Who they are; `nil` for an anonymous reader.
    var identity: ReaderIdentity?
    /// When their token ends, on the loop's clock.
    var end: Duration?
    /// What the application's route was asked for them; it is asked again while they stay.
    var keys: [AuthChecks.Key] = []
    /// What it was shown.
    var fields: HTTPFields = [:]

    /// Whether it can end while somebody reads.
    var isLasting: Bool { end == nil && keys.isEmpty }
}
