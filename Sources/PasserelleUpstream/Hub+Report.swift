// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

extension Hub {
    /// Applies a report of the observer's session; returns the event if the report is one.
    ///
    /// An event that another gateway sent for a user is stamped with `memberID`; its sender is the
    /// user named in the data.
    @discardableResult
    package func take(
        _ report: UpstreamSession.Report, retractions: [RetractionRule], memberID: String,
        at now: Moment
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
        case .established, .waits, .error, .clientEventRefused, .rejectedPermanently: break
        }
        return nil
    }
}

extension Member {
    fileprivate init(_ member: ChannelMember) {
        self.init(userID: member.userID, userInfo: member.userInfo)
    }
}

/// An event as the hub received it, for other observers.
package struct ReceivedEvent {
    package let channel: String
    package let name: String
    /// One JSON value on one line.
    package let data: [UInt8]
    /// The sender's `user_id`, if known.
    package let sender: String?
    package let keys: RetractionRule.Keys
}

/// A rule by which one event retracts an earlier one: if the values at the two paths are equal, the
/// earlier event is removed from the log.
package struct RetractionRule: Sendable, Equatable {
    /// The name of the retracting event.
    package var event: String
    /// The path in the retracting event's `data`: member names from the outermost in.
    package var path: [String]
    /// The name of the retracted event.
    package var target: String
    /// The path in the retracted event's `data`.
    package var targetPath: [String]

    /// Creates a rule.
    package init(event: String, path: [String], target: String, targetPath: [String]) {
        self.event = event
        self.path = path
        self.target = target
        self.targetPath = targetPath
    }
}

extension RetractionRule {
    /// The keys by which the log identifies an event for retraction.
    package struct Keys: Equatable, Sendable {
        /// The key by which a later event can retract this event.
        package var own: String?
        /// The key of the event that this event retracts.
        package var retracts: String?
    }

    /// Returns an event's keys under the given rules; `data` is its JSON.
    ///
    /// An event that no rule names costs one comparison per rule; its data is not parsed.
    package static func keys(
        event: String, data: [UInt8], rules: [RetractionRule]
    ) -> Keys {
        var keys = Keys()
        for rule in rules {
            if event.hasSameBytes(as: rule.target), keys.own == nil {
                keys.own = rule.key(at: rule.targetPath, in: data)
            }
            if event.hasSameBytes(as: rule.event), keys.retracts == nil {
                keys.retracts = rule.key(at: rule.path, in: data)
            }
        }
        return keys
    }

    /// Returns the target's name and the value at a path, a string or number of limited length.
    private func key(at path: [String], in data: [UInt8]) -> String? {
        guard let root = try? JSONScanner.document(data.span),
            let text = JSONScanner.identifier(
                data.span, JSONScanner.value(data.span, of: root, at: path))
        else { return nil }
        return text.utf8.count <= Self.keyBytes ? target + " " + text : nil
    }

    /// The longest value that can serve as a key, in bytes; longer values are ignored.
    package static let keyBytes = 256
}
