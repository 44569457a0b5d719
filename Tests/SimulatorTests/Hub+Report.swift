// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleUpstream
import PasserelleWire

extension Hub {
    /// Does with a session's report what the upstream shell does.
    func take(_ report: UpstreamSession.Report, retractions: [Retraction], at now: Moment) {
        switch report {
        case .event(let channel, let name, let data, let userID):
            let keys = Retraction.keys(event: name, data: data, rules: retractions)
            heard(
                channel, event: name, data: data, userID: userID, key: keys.own,
                retracts: keys.retracts, at: now)
        case .memberAdded(let channel, let member):
            memberAdded(channel, Member(userID: member.userID, userInfo: nil), at: now)
        case .memberRemoved(let channel, let userID):
            memberRemoved(channel, userID: userID, at: now)
        case .subscribed(let channel, let members):
            subscribed(
                channel, members: members?.map { Member(userID: $0.userID, userInfo: nil) },
                at: now)
        case .refused(let channel, let status, let message):
            refused(channel, status: status, message: message, at: now)
        case .lost: lost(at: now)
        default: break
        }
    }
}
