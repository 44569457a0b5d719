// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// What a new process receives from Channels before it has the state of the running one.
package struct HeldReports {
    /// The most events that are held; with more, the hand-over is given up.
    package static let limit = 100_000

    private var members: [String: [ChannelMember]?] = [:]
    private var refusals: [String: UpstreamSession.Report] = [:]
    private var events: [(report: UpstreamSession.Report, time: WallTime)] = []
    /// When each channel was subscribed.
    private(set) var subscribed: [String: WallTime] = [:]
    package private(set) var isConnected = false
    /// True if more was received than can be held.
    package private(set) var isOverfull = false

    package init() {}

    /// What the running process must learn of a report.
    package mutating func take(_ report: UpstreamSession.Report, at now: WallTime)
        -> HandoverMessage?
    {
        switch report {
        case .established:
            isConnected = true
            return .connected
        case .lost:
            guard isConnected else { return nil }
            isConnected = false
            (members, refusals, subscribed) = ([:], [:], [:])
            return .lost
        case .subscribed(let channel, let list):
            if list != nil || members[channel] == nil { members[channel] = .some(list) }
            refusals[channel] = nil
            if subscribed[channel] == nil { subscribed[channel] = now }
            return .answered([channel])
        case .refused(let channel, _, _):
            (members[channel], subscribed[channel]) = (nil, nil)
            refusals[channel] = report
            return .answered([channel])
        case .memberAdded(let channel, let member):
            remove(member.userID, from: channel)
            if members[channel] != nil {
                members[channel] = .some((members[channel] ?? []).map { $0 + [member] })
            }
        case .memberRemoved(let channel, let userID): remove(userID, from: channel)
        case .event:
            if events.count < Self.limit { events.append((report, now)) } else { isOverfull = true }
        case .rejectedPermanently(let code, let message):
            return .failed("Channels refuses its connection: \(code) \(message)")
        case .waits, .error, .clientEventRefused: break
        }
        return nil
    }

    private mutating func remove(_ userID: String, from channel: String) {
        guard case .some(.some(let list)) = members[channel] else { return }
        members[channel] = .some(list.filter { !$0.userID.hasSameBytes(as: userID) })
    }

    /// What the hub must take: first the subscriptions, then the events with their times.
    struct Reports {
        let subscriptions: [UpstreamSession.Report]
        let events: [(report: UpstreamSession.Report, time: WallTime)]
        /// The channels that were subscribed in the running process but not in this one.
        let missing: [String]
    }

    /// Returns what was received, given the channels that the running process had subscribed.
    mutating func takeReports(live: [String]) -> Reports {
        var list: [UpstreamSession.Report] = []
        for (channel, members) in members.sorted(by: { $0.key < $1.key }) {
            list.append(.subscribed(channel: channel, members: members))
        }
        list += refusals.sorted { $0.key < $1.key }.map(\.value)
        let missing = live.filter { members[$0] == nil && refusals[$0] == nil }
        defer { (events, members) = ([], [:]) }
        return Reports(subscriptions: list, events: events, missing: missing)
    }
}
