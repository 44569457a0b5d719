// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// Lets readers in: by a token, else by the application's own auth route, as it is configured.
///
/// Where both are, a token that opens the channels admits without asking anybody; whoever shows
/// none, or one that does not, is the route's to judge, since what looks like a token of ours may be
/// the application's own. Where only tokens are, the token's refusal is the answer.
final class Door {
    typealias Ask = (String, HTTPFields, @escaping (AuthChecks.Answer) -> Void) -> Void

    private let loop: EventLoop
    private let access: AccessConfiguration
    private let tokens: TokenCheck?
    private let askRoute: Ask
    private var checks: AuthChecks
    /// What the keyed hash of credentials is keyed with.
    private let hashKey = Random.bytes(32)
    private var lastID: UInt64 = 0
    private var waiting: [AuthChecks.Ticket: (AuthChecks.Verdict) -> Void] = [:]
    private var stays: [AuthChecks.StayID: Stay] = [:]

    init(
        loop: EventLoop, access: AccessConfiguration, memberID: String, askRoute: @escaping Ask
    ) {
        self.loop = loop
        self.access = access
        self.askRoute = askRoute
        tokens =
            access.tokenKeys.isEmpty
            ? nil : TokenCheck(keys: access.tokenKeys, memberID: memberID)
        checks = AuthChecks(limits: access.limits)
    }

    /// What was asked of the route; `nil` where it is not asked.
    var routeTally: AuthChecks.Tally? { access.asksRoute ? checks.tally : nil }

    // MARK: - Coming in

    /// Says whether a request may read channels: before this returns or later, once.
    ///
    /// Gives what waits, where something does.
    func admit(
        _ request: HTTPRequest, to channels: [String],
        _ done: @escaping (Result<Grant, Refusal>) -> Void
    ) -> Admission? {
        if let result = admitByToken(request, to: channels) {
            done(result)
            return nil
        }
        let admission = Admission(door: self, channels: channels, done: done)
        admission.begin(showing: shown(request.fields))
        return admission.isDone ? nil : admission
    }

    /// What the token says, where tokens admit; `nil` where it is for the route to say.
    private func admitByToken(
        _ request: HTTPRequest, to channels: [String]
    ) -> Result<Grant, Refusal>? {
        guard let tokens else { return nil }
        do throws(Refusal) {
            return .success(
                try admit(try ShownToken.find(in: request), by: tokens, to: channels))
        } catch {
            return access.asksRoute && error.status != 400 ? nil : .failure(error)
        }
    }

    private func admit(
        _ token: String?, by tokens: TokenCheck, to channels: [String]
    ) throws(Refusal) -> Grant {
        let wall = loop.wallMilliseconds
        let (identity, claims) = try tokens.admit(token, to: channels, at: wall / 1000)
        let left = Duration.seconds(claims.end) - .milliseconds(wall)
        return Grant(identity: identity, end: loop.now + left)
    }

    /// What of a request the route is shown.
    private func shown(_ fields: HTTPFields) -> HTTPFields {
        var shown = HTTPFields()
        for name in access.routeFields {
            for value in fields.all(name) { shown.add(name, value) }
        }
        return shown
    }

    // MARK: - What an admission needs

    /// The key under which the route's answer about some credentials and a channel is kept.
    func key(for fields: HTTPFields, channel: String) -> AuthChecks.Key {
        AuthChecks.Key(
            credentials: Digest.hmacSHA256(key: hashKey, Array(fields.description.utf8)),
            channel: channel)
    }

    /// Has the route asked, or what it said remembered.
    func ask(
        _ key: AuthChecks.Key, showing fields: HTTPFields,
        _ told: @escaping (AuthChecks.Verdict) -> Void
    ) -> AuthChecks.Ticket {
        let ticket = nextID()
        waiting[ticket] = told
        perform(checks.asked(key, showing: fields, by: ticket, at: loop.now))
        return ticket
    }

    func withdraw(_ ticket: AuthChecks.Ticket, from key: AuthChecks.Key) {
        guard waiting.removeValue(forKey: ticket) != nil else { return }
        checks.withdrew(ticket, from: key)
    }

    // MARK: - Staying

    /// Watches over a reader that was admitted: it is ended when its grant is.
    func stays(_ reader: any Staying, by grant: Grant) -> Stay {
        let stay = Stay(id: nextID(), keys: grant.keys, reader: reader, door: self)
        stays[stay.id] = stay
        for key in grant.keys {
            checks.stays(
                stay.id, on: key, showing: grant.fields, as: grant.identity, at: loop.now)
        }
        if let end = grant.end { expire(stay, at: end) }
        return stay
    }

    /// As `stays`, for a poll that waits: the route is asked again once its word is no longer fresh,
    /// since a poll that came then would ask it too.
    func waits(_ reader: any Staying, by grant: Grant) -> Stay {
        let stay = stays(reader, by: grant)
        if let end = checks.freshEnd(of: grant.keys) { recheck(stay, at: end) }
        return stay
    }

    private func recheck(_ stay: Stay, at time: Duration) {
        stay.timer = loop.after(max(.zero, time - loop.now)) { [weak self, weak stay] in
            guard let self, let stay, self.stays[stay.id] != nil else { return }
            stay.timer = nil
            for key in stay.keys { self.perform(self.checks.recheck(key, at: self.loop.now)) }
        }
    }

    /// A clock is not believed further than this: it is looked at again.
    private static let furthest: Duration = .seconds(86_400)

    private func expire(_ stay: Stay, at end: Duration) {
        let left = end - loop.now
        stay.timer = loop.after(max(.zero, min(left, Self.furthest))) { [weak self, weak stay] in
            guard let self, let stay, self.stays[stay.id] != nil else { return }
            stay.timer = nil
            guard self.loop.now < end else { return stay.deny(.expired) }
            self.expire(stay, at: end)
        }
    }

    func ended(_ stay: Stay) {
        guard stays.removeValue(forKey: stay.id) != nil else { return }
        if let timer = stay.timer { loop.cancel(timer) }
        for key in stay.keys { checks.left(stay.id, on: key, at: loop.now) }
    }

    // MARK: - Time and actions

    /// A second has passed.
    func timePassed() {
        if access.asksRoute { perform(checks.timePassed(to: loop.now)) }
    }

    private func perform(_ actions: [AuthChecks.Action]) {
        for action in actions {
            switch action {
            case .ask(let key, let fields):
                askRoute(key.channel, fields) { [weak self] answer in
                    guard let self else { return }
                    self.perform(self.checks.answered(key, answer, at: self.loop.now))
                }
            case .tell(let ticket, let verdict): waiting.removeValue(forKey: ticket)?(verdict)
            case .end(let id, let reason): stays[id]?.deny(reason)
            }
        }
    }

    private func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }
}
