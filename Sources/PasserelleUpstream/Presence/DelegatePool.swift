// SPDX-License-Identifier: MIT

/// Decides on which connection each delegated user is a member of their channel.
///
/// A member belongs to a subscription, so that one connection carries many users as long as no two
/// of them are on one channel. The fewest connections are therefore the most users that any one
/// channel has. A user gets the lowest connection that is free for their channel; when fewer will
/// do, the users of the highest move down (there first, then away from here: Channels tells users
/// apart by their ids, so nobody sees them flicker), and it is closed.
///
/// A user whom Channels has no room for is only observed for a while, and then tried again.
package struct DelegatePool {
    /// A connection's number: given once, never again.
    package typealias ID = Int

    /// What the shell is to do, in order.
    package enum Action: Equatable {
        /// Begin a connection, which goes on by itself until it is closed.
        case open(ID)
        case close(ID)
        /// Subscribe a user on a connection, now or as soon as it stands.
        case subscribe(ID, Attendee)
        case unsubscribe(ID, channel: String)
        /// From here on the user is to be a member of the channel by our doing.
        case expect(Attendee)
        /// From here on it is not our doing whether the user is a member.
        case release(Attendee)
        /// The user can be no member for now: tried again after the delay.
        case fellBack(Attendee, Refusal, retryIn: Duration)
    }

    /// Why a user cannot be a member.
    package enum Refusal: Equatable {
        /// Channels refuses the subscription.
        case subscription(status: Int, message: String)
        /// Channels refuses a further connection.
        case connection(code: Int, message: String)
    }

    /// The first delay before what was refused is tried again; it doubles up to `longestRetry`.
    package static let firstRetry: Duration = .seconds(15)
    package static let longestRetry: Duration = .seconds(600)
    /// How long a subscription that was never answered blocks its place, lest its late answer be
    /// taken for another user's.
    package static let silenceRest: Duration = .seconds(30)
    /// How long nobody is moved after a move was refused.
    package static let moveRest: Duration = .seconds(60)

    /// A user's place on one connection.
    struct Seat {
        let userID: String
        var phase = Phase.asked
        enum Phase: Equatable {
            /// Asked for, or to be asked for once the connection stands.
            case asked
            /// Asked for, and not wanted any more: the answer decides what is to be undone.
            case leaving
            case live
            /// Nobody's until then: an answer may still come.
            case resting(until: Duration)
        }

        var isResting: Bool { if case .resting = phase { true } else { false } }
    }

    struct Connection {
        let id: ID
        var isUp = false
        /// How often it was turned away since it last stood.
        var refusals = 0
        var seats: [String: Seat] = [:]
    }

    /// Where a user is.
    enum Whereabouts: Equatable {
        /// Every place is taken by one who is about to leave it.
        case waiting
        case seated(ID)
        case moving(from: ID, to: ID)
        /// Refused.
        case observed(until: Duration)
    }

    struct Wish {
        var place: Whereabouts
        var refusals = 0
    }

    /// From the lowest to the highest.
    var connections: [Connection] = []
    var wishes: [Attendee: Wish] = [:]
    /// Those who wait for a place on a channel, in the order in which they came.
    var waiting: [String: [Attendee]] = [:]
    /// Those who are refused, with the time of their next attempt.
    var observed = Deadlines<Attendee>()
    /// Places that rest.
    var resting: [(until: Duration, id: ID, channel: String)] = []
    var crowd = Crowd()
    /// No further connection is begun before then.
    var blockedUntil: Duration?
    var blockedBy = Refusal.connection(code: 0, message: "")
    /// How often in a row a further connection was refused after the delay before.
    var blocks = 0
    /// Nobody is moved before then.
    var movesRestUntil: Duration?
    var nextID = 1
    var actions: [Action] = []
    /// Channels on which a place was taken, left or asked for since all was settled.
    ///
    /// `nil` where anything may have changed. So ten thousand moves do not each look at all others.
    var touched: Set<String>? = []
    /// The fewest connections when all was settled.
    var settledNeed = 0

    package init() {}

    // MARK: - How it stands

    /// Connections that are open or being opened.
    package var connectionCount: Int { connections.count }
    /// The fewest connections that those who are to be members need.
    package var need: Int { crowd.most }
    /// Users who are to be members, each channel counted.
    package var delegatedCount: Int { crowd.total }
    /// Users who are only observed, since Channels refuses them.
    package var observedCount: Int { wishes.count - crowd.total }

    /// What a user is on a channel by our doing.
    package enum Standing: Equatable, Sendable {
        /// A member, on that connection.
        case member(on: ID)
        /// To be a member, once Channels has answered.
        case coming
        /// No member: nobody asked for it, or Channels refuses it for now.
        case apart
    }

    /// What a user is now.
    package func standing(of attendee: Attendee) -> Standing {
        if let id = liveConnection(of: attendee) { return .member(on: id) }
        switch wishes[attendee]?.place {
        case .waiting, .seated, .moving: return .coming
        case .observed, nil: return .apart
        }
    }

    /// The connection on which a user is a member now.
    package func liveConnection(of attendee: Attendee) -> ID? {
        let candidates: [ID]
        switch wishes[attendee]?.place {
        case .seated(let id): candidates = [id]
        case .moving(let from, let to): candidates = [from, to]
        case .waiting, .observed, nil: return nil
        }
        return candidates.first { seat(attendee.channel, on: $0)?.phase == .live }
    }

    /// The user who is to be subscribed to a channel on a connection.
    package func occupant(of channel: String, on id: ID) -> String? {
        guard let seat = seat(channel, on: id), !seat.isResting else { return nil }
        return seat.userID
    }

    /// When `timePassed` wants to be told; `nil` while nothing is timed.
    package var deadline: Duration? {
        var times = resting.map(\.until)
        if let next = observed.first { times.append(next) }
        if let movesRestUntil { times.append(movesRestUntil) }
        return times.min()
    }

    // MARK: - Who is wanted

    /// A user is to be a member of a channel.
    package mutating func wanted(_ attendee: Attendee, now: Duration) -> [Action] {
        guard wishes[attendee] == nil else { return [] }
        want(attendee, refusals: 0, now: now)
        return settled(now: now)
    }

    /// A user is to be a member no longer.
    package mutating func unwanted(_ attendee: Attendee, now: Duration) -> [Action] {
        guard let wish = wishes.removeValue(forKey: attendee) else { return [] }
        switch wish.place {
        case .observed: return []
        case .waiting:
            waiting[attendee.channel]?.removeAll { $0 == attendee }
            if waiting[attendee.channel] == [] { waiting[attendee.channel] = nil }
        case .seated(let id): vacate(attendee.channel, on: id)
        case .moving(let from, let to):
            vacate(attendee.channel, on: to)
            vacate(attendee.channel, on: from)
        }
        crowd.remove(from: attendee.channel)
        actions.append(.release(attendee))
        return settled(now: now)
    }

    mutating func want(_ attendee: Attendee, refusals: Int, now: Duration) {
        crowd.add(to: attendee.channel)
        wishes[attendee] = Wish(place: .waiting, refusals: refusals)
        actions.append(.expect(attendee))
        if let id = reclaimable(by: attendee) {
            change(attendee.channel, on: id) { $0.phase = .asked }
            wishes[attendee]?.place = .seated(id)
        } else {
            touched?.insert(attendee.channel)
            waiting[attendee.channel, default: []].append(attendee)
        }
    }

    /// The connection on which the user's own former subscription still awaits its answer.
    private func reclaimable(by attendee: Attendee) -> ID? {
        connections.first { connection in
            let seat = connection.seats[attendee.channel]
            return seat?.userID == attendee.userID && seat?.phase == .leaving
        }?.id
    }

    // MARK: - Places

    func seat(_ channel: String, on id: ID) -> Seat? {
        connections.first { $0.id == id }?.seats[channel]
    }

    mutating func change(_ channel: String, on id: ID, _ body: (inout Seat) -> Void) {
        guard let index = connections.firstIndex(where: { $0.id == id }),
            var seat = connections[index].seats[channel]
        else { return }
        body(&seat)
        connections[index].seats[channel] = seat
        touched?.insert(channel)
    }

    /// Takes a place back without a word.
    mutating func empty(_ channel: String, on id: ID) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        connections[index].seats[channel] = nil
        touched?.insert(channel)
    }

    /// Ends a subscription, at once or as soon as it was answered.
    mutating func vacate(_ channel: String, on id: ID) {
        let isUp = connections.first { $0.id == id }?.isUp == true
        switch seat(channel, on: id)?.phase {
        case .asked where isUp: change(channel, on: id) { $0.phase = .leaving }
        case .asked, .live: unsubscribe(channel, on: id)
        case .leaving, .resting, nil: break
        }
    }

    /// Ends a subscription that was answered.
    mutating func unsubscribe(_ channel: String, on id: ID) {
        empty(channel, on: id)
        actions.append(.unsubscribe(id, channel: channel))
    }

    mutating func occupy(_ index: Int, by attendee: Attendee) {
        touched?.insert(attendee.channel)
        connections[index].seats[attendee.channel] = Seat(userID: attendee.userID)
        actions.append(.subscribe(connections[index].id, attendee))
    }

    // MARK: - Refusals

    /// Gives up a user for a while; their place is the caller's to clear.
    mutating func fallBack(
        _ attendee: Attendee, _ refusal: Refusal, retryAt: Duration? = nil, now: Duration
    ) {
        guard var wish = wishes[attendee] else { return }
        let until = retryAt ?? now + Self.delay(after: wish.refusals)
        wish.refusals += 1
        wish.place = .observed(until: until)
        wishes[attendee] = wish
        crowd.remove(from: attendee.channel)
        observed.add(attendee, at: until)
        actions.append(.release(attendee))
        actions.append(.fellBack(attendee, refusal, retryIn: until - now))
    }

    /// The delay after so many refusals before.
    static func delay(after refusals: Int) -> Duration {
        min(longestRetry, firstRetry * (1 << min(refusals, 6)))
    }
}
