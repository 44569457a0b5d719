// SPDX-License-Identifier: MIT

package import PasserelleWire

extension AuthChecks {
    /// A request that waits.
    package typealias Ticket = UInt64
    /// A stream that lives on an admission.
    package typealias StayID = UInt64

    /// Who asks for what.
    package struct Key: Hashable, Sendable {
        /// A keyed hash of what the request shows, so that nothing of that is kept.
        package let credentials: [UInt8]
        package let channel: String

        package init(credentials: [UInt8], channel: String) {
            self.credentials = credentials
            self.channel = channel
        }
    }

    /// What the route said.
    package enum Answer: Equatable, Sendable {
        /// Yes, with a signature of ours; the identity where it names a user.
        case admitted(ReaderIdentity?)
        /// No: 401 or 403.
        case refused(status: Int)
        /// Nothing that could be understood.
        case failed
    }

    /// What a request is told.
    package enum Verdict: Equatable, Sendable {
        case admitted(ReaderIdentity?)
        case refused(status: Int)
        /// The route does not answer; come back after so many seconds.
        case unavailable(retryAfter: Int)
        /// Too many ask at once; come back after so many seconds.
        case overloaded(retryAfter: Int)
    }

    /// What is to be done.
    package enum Action: Equatable, Sendable {
        /// Ask the route, showing these fields, and tell the answer.
        case ask(Key, HTTPFields)
        case tell(Ticket, Verdict)
        /// End a stream, which is told why.
        case end(StayID, Denial)
    }

    /// The bounds of it all.
    package struct Limits: Sendable, Equatable {
        /// How long an admission is believed.
        package var fresh: Duration = .seconds(60)
        /// How long a refusal is.
        package var refusedFor: Duration = .seconds(5)
        /// How soon, while one stays, the route is asked again at the latest.
        package var recheck: Duration = .seconds(300)
        /// How long the route may fail before those whom it admitted must go.
        package var grace: Duration = .seconds(300)
        /// How soon a failed check of a stream is tried again.
        package var retry: Duration = .seconds(15)
        /// How long a failure is remembered for those who were admitted before it.
        package var failedFor: Duration = .seconds(5)
        /// Calls that may be out at once.
        package var concurrency = 16
        /// Checks that may wait for one.
        package var queue = 2048
        /// How long a check may wait for one.
        package var queueWait: Duration = .seconds(10)
        /// Answers that are kept for others than open streams.
        package var entries = 16_384
        /// Seconds over which those who are to come back are spread.
        package var spread = 15

        /// As they are unless somebody says otherwise.
        package init() {}
    }

    /// What was counted.
    package struct Tally: Equatable, Sendable {
        package var calls: UInt64 = 0
        /// Requests that an earlier answer has served, and that waited for somebody else's call.
        package var remembered: UInt64 = 0
        package var joined: UInt64 = 0
        /// Calls by what came of them.
        package var admitted: UInt64 = 0
        package var refused: UInt64 = 0
        package var failed: UInt64 = 0
        /// Requests that were sent away since too many asked.
        package var overloaded: UInt64 = 0
        /// Streams that were ended.
        package var ended: UInt64 = 0

        package init() {}

        mutating func count(_ answer: Answer) {
            switch answer {
            case .admitted: admitted += 1
            case .refused: refused += 1
            case .failed: failed += 1
            }
        }
    }
}

/// Why somebody who was admitted must go.
package enum Denial: Equatable, Sendable {
    /// The application no longer admits them: 401 or 403.
    case revoked(status: Int)
    /// Their token has ended.
    case expired
    /// The application could not be asked for too long.
    case unavailable

    /// The `reason` of `passerelle:denied`.
    var word: String {
        switch self {
        case .revoked: "revoked"
        case .expired: "expired"
        case .unavailable: "unavailable"
        }
    }
}
