// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// One poll after the other on a channel where nothing is said, each as long as a poll may be.
final class WaitingPolls {
    /// One that was not answered as it should be.
    struct Failure: Equatable {
        /// How long it had waited.
        let after: Duration
        let words: String
    }

    /// How much too early a poll without news may be answered.
    static let haste: Duration = .seconds(2)

    private unowned let check: PublicCheck
    private let channel: String
    private let finish: Duration
    /// The longest that was answered by the gateway.
    private(set) var longest: Duration = .zero
    private(set) var failure: Failure?
    private(set) var isDone = false

    /// Begins; the last one ends at `finish`, on the loop's clock.
    init(_ check: PublicCheck, on channel: String, from position: String, until finish: Duration) {
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
            request, on: check.loop, within: .seconds(wait) + PublicCheck.patience
        ) { [self] result in
            let waited = check.loop.now - began
            guard let next = PublicCheck.position(result) else {
                failure = Failure(after: waited, words: Finding.words(result))
                isDone = true
                return
            }
            guard next != position || waited + Self.haste >= .seconds(wait) else {
                failure = Failure(after: waited, words: "an answer without news, not waited for,")
                isDone = true
                return
            }
            longest = max(longest, waited)
            ask(after: next)
        }
    }
}
