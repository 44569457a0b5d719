// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

extension Hub {
    /// Applies a report of the observer's session; returns the event if the report is one.
    ///
    /// An event that another gateway sent for a user is stamped with `memberID`; its sender is the
    /// user named in the data. `sequencePath` is the path of the application's own number in the
    /// data; empty if it has none.
    @discardableResult
    package func take(
        _ report: UpstreamSession.Report, retractions: [RetractionRule],
        sequencePath: [String] = [], memberID: String, at now: Moment
    ) -> ReceivedEvent? {
        switch report {
        case .event(let channel, let name, let data, let userID):
            let event = ReceivedEvent(
                channel: channel, name: name, data: data,
                sender: userID?.hasSameBytes(as: memberID) == true
                    ? ClientEventData.userID(in: data) : userID,
                keys: RetractionRule.keys(event: name, data: data, rules: retractions))
            received(
                channel, event: name, data: data, userID: event.sender, key: event.keys.own,
                retracts: event.keys.retracts, number: Self.number(at: sequencePath, in: data),
                at: now)
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
        case .established, .pong, .waits, .error, .clientEventRefused, .rejectedPermanently: break
        }
        return nil
    }

    /// Returns the number at a path, an integer or a string of digits.
    private static func number(at path: [String], in data: [UInt8]) -> UInt64? {
        path.isEmpty ? nil : JSONScanner.identifier(data.span, at: path).flatMap { UInt64($0) }
    }
}

extension Member {
    fileprivate init(_ member: ChannelMember) {
        self.init(userID: member.userID, userInfo: member.userInfo)
    }
}
