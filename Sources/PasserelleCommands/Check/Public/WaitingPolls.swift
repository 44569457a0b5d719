// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleDownstream

/// Consecutive polls on an idle channel, each waiting for as long as a poll may.
package final class WaitingPolls {
    /// A poll that was not answered as expected.
    package struct Failure: Equatable {
        /// How long the poll had waited.
        package let after: Duration
        package let words: String
    }

    /// How much too early a poll without events may be answered.
    package static let earlyAnswerTolerance: Duration = .seconds(2)

    private unowned let check: PublicCheck
    private let channel: String
    private let finish: Duration
    /// The longest wait answered by the gateway.
    package private(set) var longest: Duration = .zero
    package private(set) var failure: Failure?
    package private(set) var isDone = false

    /// Starts polling; the last poll ends at `finish`, on the loop's clock.
    package init(
        _ check: PublicCheck, on channel: String, from position: String, until finish: Duration
    ) {
        self.check = check
        self.channel = channel
        self.finish = finish
        ask(after: position)
    }

    private func ask(after position: String) {
        let began = check.loop.now
        let left = Int((finish - began).components.seconds)
        guard left > 0 else {
            isDone = true
            return
        }
        let wait = min(left, ReadRequest.longestWait)
        let request = check.poll(channel, after: position, wait: wait)
        check.site.call(
            request, on: check.loop, within: .seconds(wait) + PublicCheck.timeout
        ) { [self] result in
            let waited = check.loop.now - began
            guard let next = PublicCheck.position(result) else {
                failure = Failure(after: waited, words: Finding.words(result))
                isDone = true
                return
            }
            guard next != position || waited + Self.earlyAnswerTolerance >= .seconds(wait) else {
                failure = Failure(after: waited, words: "answered too early, without events,")
                isDone = true
                return
            }
            longest = max(longest, waited)
            ask(after: next)
        }
    }
}
