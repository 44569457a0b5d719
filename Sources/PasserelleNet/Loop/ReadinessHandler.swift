// SPDX-License-Identifier: MIT

/// Handles the readiness of a watched descriptor; the loop keeps it alive while it watches.
protocol ReadinessHandler: AnyObject {
    /// The descriptor is ready for `events`.
    func ready(_ events: Interest)

    /// The loop is deallocated: close the descriptor, and call neither the loop nor any owner.
    func loopEnded()
}
