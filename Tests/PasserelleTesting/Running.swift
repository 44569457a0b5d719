// SPDX-License-Identifier: MIT
package import PasserelleNet

/// The time a test waits for an expected event, before it fails instead of hanging.
///
/// It is no measure of speed: it must be far longer than the slowest wait on a machine ten times
/// slower than a developer's, under a sanitizer. A test of time itself must use a `ManualClock`, or
/// compare two measurements.
package let hangLimit: Duration = .seconds(600)

/// Turns the loop until `condition` holds; throws when `limit` has passed.
///
/// The condition is checked after each turn. A turn waits in the kernel at most 20 ms, so that a
/// condition that depends on events outside the loop is also noticed.
package func run(
    _ loop: EventLoop, until condition: () throws -> Bool, within limit: Duration = hangLimit
) throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            throw TestFailure("the condition did not hold within \(limit)")
        }
        try loop.runOnce(timeout: .milliseconds(20))
    }
}
