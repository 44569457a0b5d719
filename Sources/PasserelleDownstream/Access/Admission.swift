// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// One request that the application's auth route decides on: a check for each of its channels that
/// needs one.
final class Admission {
    private unowned let door: Door
    private let channels: [String]
    private let done: (Result<Grant, Refusal>) -> Void
    private var grant = Grant()
    /// Checks that have no answer yet.
    private var open: [AuthChecks.Key: AuthChecks.Ticket] = [:]
    private var missing = 0
    private var hasAskedForAll = false
    private(set) var isDone = false

    init(door: Door, channels: [String], done: @escaping (Result<Grant, Refusal>) -> Void) {
        self.door = door
        self.channels = channels
        self.done = done
    }

    /// Asks; public channels need no leave, at Channels as here.
    ///
    /// The first channel alone, and about the others once it was a yes: a stranger's request is one
    /// question, however many channels it names.
    func begin(showing fields: HTTPFields) {
        let closed = channels.filter { (try? ChannelName($0))?.kind != .public }
        guard !closed.isEmpty else { return end(.success(grant)) }
        grant.fields = fields
        grant.keys = closed.map { door.key(for: fields, channel: $0) }
        missing = grant.keys.count
        ask(about: grant.keys.prefix(1))
    }

    private func ask(about keys: ArraySlice<AuthChecks.Key>) {
        for key in keys where !isDone {
            let ticket = door.ask(key, showing: grant.fields) { [weak self] in self?.told($0, key) }
            if !isDone, !answered.contains(key) { open[key] = ticket }
        }
    }

    /// Keys whose answer came, perhaps before their ticket was known.
    private var answered: Set<AuthChecks.Key> = []

    /// Waits no longer; `done` is not called.
    func cancel() {
        guard !isDone else { return }
        isDone = true
        withdraw()
    }

    private func told(_ verdict: AuthChecks.Verdict, _ key: AuthChecks.Key) {
        open[key] = nil
        answered.insert(key)
        guard !isDone else { return }
        do throws(Refusal) {
            try take(verdict)
        } catch {
            return end(.failure(error))
        }
        missing -= 1
        if missing == 0 { return end(.success(grant)) }
        guard !hasAskedForAll else { return }
        hasAskedForAll = true
        ask(about: grant.keys.dropFirst())
    }

    private func take(_ verdict: AuthChecks.Verdict) throws(Refusal) {
        switch verdict {
        case .admitted(let identity):
            guard let identity else { return }
            if let known = grant.identity, known.userID != identity.userID {
                throw .unavailable(
                    "auth-unavailable",
                    "The application's auth route names different users for one reader.",
                    retryAfter: 10)
            }
            grant.identity = grant.identity ?? identity
        case .refused(let status): throw .byRoute(status: status)
        case .unavailable(let seconds):
            throw .routeIsSilent(retryAfter: seconds)
        case .overloaded(let seconds):
            throw .unavailable(
                "overloaded", "Too many readers come at once; come back.", retryAfter: seconds)
        }
    }

    private func end(_ result: Result<Grant, Refusal>) {
        isDone = true
        withdraw()
        done(result)
    }

    private func withdraw() {
        let tickets = open
        open = [:]
        for (key, ticket) in tickets { door.withdraw(ticket, from: key) }
    }
}

extension Refusal {
    /// What somebody is told who had been let in, and no longer is.
    static func denied(_ reason: Denial) -> Refusal {
        switch reason {
        case .revoked(let status): .byRoute(status: status)
        case .expired: .badToken(TokenError.expired.words)
        case .unavailable: .routeIsSilent(retryAfter: 10)
        }
    }

    /// 503: nobody knows whether the reader may read.
    fileprivate static func routeIsSilent(retryAfter seconds: Int) -> Refusal {
        .unavailable(
            "auth-unavailable", "The application's auth route does not answer; come back.",
            retryAfter: seconds)
    }

    /// What the route says no with.
    fileprivate static func byRoute(status: Int) -> Refusal {
        let words = "The application's auth route refuses this reader."
        guard status == 401 else { return Refusal(403, "forbidden", words) }
        return Refusal(
            401, "unauthorized", words,
            fields: ["WWW-Authenticate": #"Bearer realm="passerelle""#])
    }
}

extension Duration {
    /// How long who came with a pass may stay: the hour for which a check watches at the longest,
    /// and what it does before.
    fileprivate static let passStay: Duration = .seconds(4_200)
}

extension Desk {
    /// Goes on with a request once it is known who it is from, or refuses it.
    ///
    /// `work` is called before this returns where nobody needs to be asked.
    func admit(
        _ request: HTTPRequest, to channels: [String], claiming claim: IdentityClaim = .init(),
        on connection: HTTPConnection, _ work: @escaping (Grant) throws(Refusal) -> Void
    ) throws(Refusal) {
        guard let door else { return try work(Grant(identity: try identity(claim))) }
        if let pass = claim.pass, services.checks.opens(pass, channels) {
            return try work(Grant(end: loop.now + .passStay))
        }
        let admission = door.admit(request, to: channels) { [weak connection] result in
            do throws(Refusal) {
                try work(try result.get())
            } catch {
                connection?.refuse(error)
            }
        }
        if let admission { connection.waits(for: admission) }
    }
}
