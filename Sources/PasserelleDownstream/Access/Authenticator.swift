// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// Authorizes readers by a token, else by the application's auth route, as configured.
///
/// If both are configured, a valid token for the channels is sufficient. Without one the route
/// decides, since a token that is invalid here may be the application's own. If only tokens are
/// configured, the refusal of the token is the answer.
///
/// `AuthRouteCache` decides about the route; the authenticator performs its actions.
final class Authenticator {
    typealias Ask = (String, HTTPFields, @escaping (AuthRouteAnswer) -> Void) -> Void
    typealias Decided = (Result<Authorization, Refusal>) -> Void

    /// The answer to a request: its authorization, or the number of the pending request.
    enum Admission {
        case authorized(Authorization)
        case pending(AuthRouteCache.RequestID)
    }

    private struct Pending {
        let request: AuthRouteCache.Request
        let decided: Decided
    }

    let loop: EventLoop
    private let access: AccessConfiguration
    private let tokens: TokenVerifier?
    private let settingNames: SettingNames
    private let askRoute: Ask
    private let onDifferentUsers: () -> Void
    var cache: AuthRouteCache
    private var clock: ClockMonitor
    /// The key of the keyed hash of credentials.
    let hashKey = Random.bytes(32)
    private var pending: [AuthRouteCache.RequestID: Pending] = [:]
    var leases: [AuthRouteCache.LeaseID: Lease] = [:]

    init(
        loop: EventLoop, access: AccessConfiguration, memberID: String, revocationLimit: Int,
        settingNames: SettingNames,
        askRoute: @escaping Ask, onDifferentUsers: @escaping () -> Void
    ) {
        self.onDifferentUsers = onDifferentUsers
        self.loop = loop
        clock = ClockMonitor(steady: loop.now, wallMilliseconds: loop.wallMilliseconds)
        self.access = access
        self.settingNames = settingNames
        self.askRoute = askRoute
        tokens =
            access.tokenKeys.isEmpty
            ? nil
            : TokenVerifier(
                keys: access.tokenKeys, memberID: memberID, audience: access.tokenAudience,
                settingNames: settingNames)
        cache = AuthRouteCache(
            limits: access.limits,
            revocations: Revocations(limit: revocationLimit, lifetime: access.revocationLifetime))
    }

    /// Counters of calls to the route; `nil` if it is not configured.
    var routeTally: AuthRouteCache.Tally? { access.asksRoute ? cache.tally : nil }

    // MARK: - Authorization

    /// Decides whether a request may read channels.
    ///
    /// `client` is the address that it counts for, and `isBrief` is true if it ends with its
    /// answer. `decided` is called once for a pending request, after this returns, unless the
    /// request is cancelled.
    func admit(
        _ request: HTTPRequest, to channels: [String], from client: PeerAddress?, isBrief: Bool,
        _ decided: @escaping Decided
    ) throws(Refusal) -> Admission {
        if let grant = try admitByToken(request, to: channels) { return .authorized(grant) }
        let fields = request.fields.only(access.routeFields)
        let asked = AuthRouteCache.Request(
            channels: channels,
            credentials: Digest.hmacSHA256(key: hashKey, fields.lines), fields: fields,
            client: client, isBrief: isBrief)
        let id = cache.nextID()
        let actions = cache.requested(id, asked, at: loop.now)
        for case .reply(id, let verdict) in actions {
            perform(actions)
            return .authorized(try Authorization(verdict, of: asked))
        }
        pending[id] = Pending(request: asked, decided: decided)
        perform(actions)
        return .pending(id)
    }

    /// Returns the authorization by the token; `nil` if the route decides.
    private func admitByToken(
        _ request: HTTPRequest, to channels: [String]
    ) throws(Refusal) -> Authorization? {
        guard let tokens else { return nil }
        let token = try BearerTokenLocation.find(
            in: request, acceptsQuery: access.acceptsQueryTokens, settingNames)
        do throws(Refusal) {
            return try admit(token, by: tokens, to: channels)
        } catch {
            guard access.asksRoute else { throw error }
            return nil
        }
    }

    private func admit(
        _ token: String?, by tokens: TokenVerifier, to channels: [String]
    ) throws(Refusal) -> Authorization {
        let now = loop.wallMilliseconds / 1000
        let (identity, claims) = try tokens.admit(token, to: channels, at: now)
        if let identity,
            cache.revocations.covers(
                tokenOf: identity.userID, on: channels, issued: claims.issued,
                at: loop.wallMilliseconds)
        {
            throw .badToken(
                "its user was revoked; a token is accepted again if its iat is later than that,"
                    + " and not in the future")
        }
        return Authorization(identity: identity, period: claims.period)
    }

    /// Withdraws a pending request; `decided` is not called.
    func cancel(_ id: AuthRouteCache.RequestID) {
        guard pending.removeValue(forKey: id) != nil else { return }
        cache.cancel(id)
    }

    // MARK: - Revocations

    /// Revokes a user's authorizations on a channel or everywhere; returns `false` if the limit on
    /// remembered revocations is reached.
    func revoke(_ userID: String, channel: String?) -> Bool {
        cache.revoke(userID, channel: channel, at: loop.now, wall: loop.wallMilliseconds)
    }

    /// Restores a revocation of an earlier process.
    func restore(revocationOf userID: String, channel: String?, at wall: Int64) -> Bool {
        cache.revocations.revoke(userID, channel: channel, at: .init(restoredFrom: wall))
    }

    // MARK: - Time and actions

    /// Called once a second.
    func timePassed() {
        if access.asksRoute { perform(cache.timePassed(to: loop.now)) }
        if clock.wasSet(steady: loop.now, wallMilliseconds: loop.wallMilliseconds) {
            for id in leases.keys { watch(id) }
        }
    }

    func perform(_ actions: [AuthRouteCache.Action]) {
        for action in actions {
            switch action {
            case .ask(let key, let fields):
                askRoute(key.channel, fields) { [weak self] answer in
                    guard let self else { return }
                    self.perform(self.cache.answered(key, answer, at: self.loop.now))
                }
            case .reply(let id, let verdict):
                guard let pending = pending.removeValue(forKey: id) else { continue }
                pending.decided(
                    Result { () throws(Refusal) in
                        try Authorization(verdict, of: pending.request)
                    })
            case .end(let id, let reason): deny(id, reason)
            case .reportDifferentUsers: onDifferentUsers()
            }
        }
    }
}

extension Refusal {
    /// 401: the request has no token.
    static let noToken = Refusal(
        401, "unauthorized",
        "A token is required: Authorization: Bearer TOKEN, or cookie"
            + " \(BearerTokenLocation.cookie).",
        fields: challenge(toToken: false))

    /// 401: the token is in the query, which the operator does not allow.
    static func tokenInQuery(_ settingNames: SettingNames) -> Refusal {
        badToken(
            "\(BearerTokenLocation.parameter)= in the query is not accepted here; send it in"
                + " Authorization: Bearer TOKEN or the cookie \(BearerTokenLocation.cookie), or set"
                + " \(settingNames.tokenQuery)=yes")
    }

    /// 401: an invalid token, with the reason (RFC 6750 §3.1).
    static func badToken(_ words: String) -> Refusal {
        Refusal(
            401, "invalid-token", "The token is refused: \(words).",
            fields: challenge(toToken: true))
    }
}

/// Detects that the wall clock was set or the machine was suspended, by a change of the difference
/// between the wall clock and the steady clock.
struct ClockMonitor: Sendable {
    /// The smallest change that counts; smaller ones are gradual corrections of the clock.
    static let tolerance: Duration = .milliseconds(500)

    private var offset: Duration

    init(steady: Duration, wallMilliseconds: Int64) {
        offset = .milliseconds(wallMilliseconds) - steady
    }

    /// Returns true if the clock was set since this last returned true.
    mutating func wasSet(steady: Duration, wallMilliseconds: Int64) -> Bool {
        let now = Duration.milliseconds(wallMilliseconds) - steady
        let difference = now - offset
        guard difference >= Self.tolerance || difference <= .zero - Self.tolerance else {
            return false
        }
        offset = now
        return true
    }
}
