// SPDX-License-Identifier: MIT

/// What is known of a user whom the gateway itself makes a member of a channel.
package struct Delegated: Equatable, Sendable {
    /// True where the user was known to be there by another way too when last that could be seen.
    ///
    /// While they are a member by our doing, Channels tells nobody that another connection of theirs
    /// comes or goes.
    package internal(set) var isKnownElsewhere: Bool
    /// Since when Channels does not count them, on the steady clock: their connection comes back.
    var absentSince: Duration?
}

/// Users who are members because they read through the gateway.
///
/// Such a user is a member by a connection of ours that may be away for a moment. Their removal is
/// then held back, so that nobody is told that they went and came who never stopped reading.
extension Hub {
    /// How long the removal of a user who reads here is held back.
    package static let longestAbsence: Duration = .seconds(30)

    /// From here on the user is to be a member by our doing.
    package func delegates(_ name: String, userID: String, at now: Moment) {
        let channel = channel(named: name, now: now.steady)
        guard channel.delegated[userID] == nil else { return }
        let isThere = channel.isLive && channel.members[userID] != nil
        channel.delegated[userID] = Delegated(isKnownElsewhere: isThere)
    }

    /// From here on it is not our doing whether the user is a member; a removal that was held back
    /// is told.
    package func delegatesNoLonger(_ name: String, userID: String, at now: Moment) {
        guard let channel = channels[name],
            let delegated = channel.delegated.removeValue(forKey: userID),
            delegated.absentSince != nil
        else { return }
        remove(userID, from: channel, at: now)
    }

    /// Decides about a removal: true where it is not to be told now.
    func holdsBack(_ userID: String, on channel: Channel, at now: Moment) -> Bool {
        guard channel.delegated[userID] != nil, channel.members[userID] != nil else { return false }
        channel.delegated[userID]?.isKnownElsewhere = false
        if channel.delegated[userID]?.absentSince == nil {
            channel.delegated[userID]?.absentSince = now.steady
        }
        return true
    }

    /// Notes that Channels counts a user again.
    func returned(_ userID: String, on channel: Channel) {
        channel.delegated[userID]?.absentSince = nil
    }

    /// A list of members as Channels gives it, with those in it whose removal is held back.
    func withHeldBack(_ newer: Members, on channel: Channel, at now: Moment) -> Members {
        guard !channel.delegated.isEmpty else { return newer }
        var held = newer
        for member in channel.members.list where channel.delegated[member.userID] != nil {
            if newer[member.userID] != nil {
                returned(member.userID, on: channel)
            } else if holdsBack(member.userID, on: channel, at: now) {
                held.insert(member)
            }
        }
        return held
    }

    /// Tells the removals that were held back for too long.
    func expireAbsences(of channel: Channel, at now: Moment) {
        for (userID, delegated) in channel.delegated.sorted(by: { $0.key < $1.key }) {
            guard let since = delegated.absentSince, now.steady - since >= Self.longestAbsence
            else { continue }
            channel.delegated[userID]?.absentSince = nil
            remove(userID, from: channel, at: now)
        }
    }
}
