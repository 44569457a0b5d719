// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

/// An event as the hub was told it, for whoever listens beside the hub.
package struct HeardEvent {
    package let channel: String
    package let name: String
    /// One JSON value on one line.
    package let data: [UInt8]
    /// Who said it, where that is known.
    package let sender: String?
    package let keys: Retraction.Keys

    /// An event from its parts; `sender` as the hub is told it.
    package init(
        channel: String, name: String, data: [UInt8], sender: String?, keys: Retraction.Keys
    ) {
        self.channel = channel
        self.name = name
        self.data = data
        self.sender = sender
        self.keys = keys
    }
}

extension Hub {
    /// Takes over what the observer's session reports, and gives the event in it, if it is one.
    ///
    /// What another gateway sent for a user, as `memberID`, is that user's, who stands in the data.
    @discardableResult
    package func take(
        _ report: UpstreamSession.Report, retractions: [Retraction], memberID: String,
        at now: Moment
    ) -> HeardEvent? {
        switch report {
        case .event(let channel, let name, let data, let userID):
            let event = HeardEvent(
                channel: channel, name: name, data: data,
                sender: userID == memberID ? ClientEventData.userID(in: data) : userID,
                keys: Retraction.keys(event: name, data: data, rules: retractions))
            heard(
                channel, event: name, data: data, userID: event.sender, key: event.keys.own,
                retracts: event.keys.retracts, at: now)
            return event
        case .memberAdded(let channel, let member):
            memberAdded(channel, Member(member), at: now)
        case .memberRemoved(let channel, let userID):
            memberRemoved(channel, userID: userID, at: now)
        case .subscribed(let channel, let members):
            subscribed(channel, members: members?.map(Member.init), at: now)
        case .refused(let channel, let status, let message):
            refused(channel, status: status, message: message, at: now)
        case .lost: lost(at: now)
        case .established, .waits, .error, .refusedForGood: break
        }
        return nil
    }
}

extension Member {
    fileprivate init(_ member: ChannelMember) {
        self.init(userID: member.userID, userInfo: member.userInfo)
    }
}
