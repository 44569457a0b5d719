// SPDX-License-Identifier: MIT
package import PasserelleNet

/// Turns the loop until `condition` holds, or throws once `limit` has passed.
///
/// The condition is asked after each turn. A turn waits in the kernel at most 20 ms, so that a
/// condition that depends on something outside the loop is seen too.
package func run(
    _ loop: EventLoop, until condition: () throws -> Bool, within limit: Duration = .seconds(10)
) throws {
    let deadline = ContinuousClock.now + limit
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            throw TestFailure("the condition did not hold within \(limit)")
        }
        try loop.turn(upTo: .milliseconds(20))
    }
}
