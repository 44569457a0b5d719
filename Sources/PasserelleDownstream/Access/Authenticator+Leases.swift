// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The leases of open readers, which end with their authorization.
extension Authenticator {
    /// The authorization of one open reader.
    struct Lease {
        weak var reader: (any AuthorizedReader)?
        /// The keys about which the route is asked again.
        let keys: [AuthRouteCache.Key]
        /// The token's period of validity.
        let period: TokenPeriod?
        /// The end of a pass, on the loop's clock.
        let end: Duration?
        /// Runs until the token or pass expires, or until the route's answer for a waiting poll is
        /// not fresh any more.
        var timer: TimerToken?
    }

    /// The longest timer; the clock is read again at least this often.
    private static let furthest: Duration = .seconds(86_400)

    /// Creates a lease, which ends the reader when its authorization ends; `nil` if it has ended.
    ///
    /// The authorization of a waiting poll is rechecked once the route's answer is not fresh any
    /// more, since a new poll would cause a call too.
    func addLease(
        for reader: any AuthorizedReader, by grant: Authorization, isPoll: Bool = false
    ) -> AuthRouteCache.LeaseID? {
        let id = cache.nextID()
        leases[id] = Lease(
            reader: reader, keys: grant.request?.keys ?? [], period: grant.period, end: grant.end)
        if let request = grant.request {
            perform(cache.addLease(id, of: request, at: loop.now))
            if isPoll { recheckOnceStale(id, request.keys) }
        }
        watch(id)
        return leases[id] == nil ? nil : id
    }

    private func recheckOnceStale(_ id: AuthRouteCache.LeaseID, _ keys: [AuthRouteCache.Key]) {
        guard let end = cache.freshEnd(of: keys) else { return }
        setTimer(of: id, in: max(.zero, end - loop.now)) { authenticator in
            authenticator.perform(authenticator.cache.recheck(keys, at: authenticator.loop.now))
        }
    }

    /// Ends a reader if its token or pass has expired, else sets a timer until it does.
    ///
    /// A token expires by the wall clock, which may be set; a pass by the loop's clock.
    func watch(_ id: AuthRouteCache.LeaseID) {
        guard let lease = leases[id] else { return }
        let left: Duration
        if let period = lease.period {
            let wall = loop.wallMilliseconds
            guard period.contains(wall / 1000) else { return deny(id, .expired) }
            left = .milliseconds(period.end * 1000 - wall)
        } else if let end = lease.end {
            guard loop.now < end else { return deny(id, .expired) }
            left = end - loop.now
        } else {
            return
        }
        setTimer(of: id, in: min(left, Self.furthest)) { $0.watch(id) }
    }

    private func setTimer(
        of id: AuthRouteCache.LeaseID, in delay: Duration,
        _ fired: @escaping (Authenticator) -> Void
    ) {
        guard let lease = leases[id] else { return }
        if let timer = lease.timer { loop.cancel(timer) }
        leases[id]?.timer = loop.scheduleTask(in: delay) { [weak self] in
            guard let self, self.leases[id] != nil else { return }
            self.leases[id]?.timer = nil
            fired(self)
        }
    }

    /// Ends a reader for this reason.
    func deny(_ id: AuthRouteCache.LeaseID, _ reason: Denial) {
        let reader = leases[id]?.reader
        endLease(id)
        reader?.end(for: reason)
    }

    /// Ends a lease; called when its reader has ended.
    func endLease(_ id: AuthRouteCache.LeaseID) {
        guard let lease = leases.removeValue(forKey: id) else { return }
        if let timer = lease.timer { loop.cancel(timer) }
        cache.removeLease(id, of: lease.keys, at: loop.now)
    }
}
