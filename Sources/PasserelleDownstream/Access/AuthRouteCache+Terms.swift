// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

extension AuthRouteCache {
    /// The number of a call, from `nextID`.
    typealias CallID = UInt64

    /// The credentials and the channel of a check.
    package struct Key: Hashable, Sendable {
        /// A keyed hash of the forwarded request fields, so that credentials are not stored.
        package let credentials: [UInt8]
        package let channel: String
    }

    /// The decision about a request, or about one of its channels.
    package enum Verdict: Equatable, Sendable {
        /// Authorized, with this identity and the ids of all users named by the route.
        case admitted(ReaderIdentity?, users: [String])
        case refused(status: Int)
        /// The route does not answer; retry after this many seconds.
        case unavailable(retryAfter: Int)
        /// Too many requests; retry after this many seconds.
        case overloaded(retryAfter: Int)
        /// Too many waiting requests of the client; retry after this many seconds.
        case tooManyFromClient(retryAfter: Int)
        /// The user was revoked while the request waited.
        case revoked
    }

    /// How consistently the route names a user for the same credentials.
    ///
    /// Some routes generate a user id for each call. Visitors with equal credentials, or without
    /// any, are then different users. An identity is therefore given to other requests only after
    /// two consecutive calls named it.
    enum Naming {
        /// The route names no user.
        case none
        /// One call named a user.
        case once
        /// The last two calls named the same user.
        case repeated
        /// The last two calls named different users.
        case changing
    }

    /// The queues for calls; each is shared fairly among clients, and the queues take turns.
    enum Queue: Int, CaseIterable {
        /// Requests of readers that the route has not authorized yet.
        case newReaders
        /// Requests of readers that it has authorized before.
        case authorizedReaders
        /// Rechecks of streams.
        case rechecks
    }

    /// The place of a check in a queue, in one client's line.
    struct Place {
        let queue: Queue
        let client: PeerAddress?
        let number: UInt64
    }

    /// An action for the caller to perform.
    package enum Action: Equatable, Sendable {
        /// Ask the route with these fields, and pass its answer to `answered`.
        case ask(Key, HTTPFields)
        case reply(RequestID, Verdict)
        /// End the reader with this lease, for this reason.
        case end(LeaseID, Denial)
        /// Report that the route names different users for one reader, which then has no user.
        case reportDifferentUsers
    }

    /// The limits of calls, waiting requests and kept answers.
    package struct Limits: Sendable, Equatable {
        /// How long an authorization is valid without another call.
        package var fresh: Duration = .seconds(60)
        /// How long a refusal is remembered.
        package var refusedFor: Duration = .seconds(5)
        /// The maximum interval between two checks of a stream.
        package var recheck: Duration = .seconds(300)
        /// How long the route may fail before authorized readers are disconnected.
        package var grace: Duration = .seconds(300)
        /// The timeout of a call; a recheck gets this time even if the grace period is shorter.
        package var callTime: Duration = .seconds(5)
        /// The interval between retries of a stream's failed check.
        package var retry: Duration = .seconds(15)
        /// How long a failure is remembered for readers that were authorized before it.
        package var failedFor: Duration = .seconds(5)
        /// The maximum number of concurrent calls.
        package var concurrency = 16
        /// The maximum number of checks in each queue: of new readers, and of authorized ones.
        package var queue = 2048
        /// The maximum number of waiting requests per client address and queue; not counted are
        /// requests of this host, and requests that share a call of another one.
        package var queuePerClient = 256
        /// How long a check may wait for a call.
        package var queueWait: Duration = .seconds(10)
        /// The maximum number of kept answers, not counting those of open streams.
        package var entries = 16_384
        /// The maximum number of these per client address; requests of this host are not counted.
        package var entriesPerClient = 1024
        /// The range of `Retry-After`, in seconds, over which refused requests are spread.
        package var spread = 15

        /// The maximum number of concurrent calls per client address: half of all.
        var callsPerClient: Int { max(1, concurrency / 2) }
    }

    /// Counters of requests and calls.
    package struct Tally: Equatable, Sendable {
        package var calls: UInt64 = 0
        /// Requests served by an earlier answer, and requests that waited for another request's
        /// call.
        package var remembered: UInt64 = 0
        package var joined: UInt64 = 0
        /// Calls, by outcome.
        package var admitted: UInt64 = 0
        package var refused: UInt64 = 0
        package var failed: UInt64 = 0
        /// Requests refused because of the total load.
        package var overloaded: UInt64 = 0
        /// Requests refused because too many of their client were waiting.
        package var tooManyFromClient: UInt64 = 0
        /// Answers evicted early for lack of room.
        package var evicted: UInt64 = 0
        /// Streams that were ended.
        package var ended: UInt64 = 0

        mutating func count(_ answer: AuthRouteAnswer) {
            switch answer {
            case .admitted: admitted += 1
            case .refused: refused += 1
            case .failed: failed += 1
            }
        }
    }
}
