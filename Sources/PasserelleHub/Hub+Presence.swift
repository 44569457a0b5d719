// SPDX-License-Identifier: MIT

/// Delegated membership: users that are members because they read through the gateway.
///
/// Such a user is a member through a delegate connection, which may be lost for a moment. The
/// removal is then held back, so that readers do not see a user leave and join that never stopped
/// reading.
extension Hub {
    /// The longest time for which the removal of a user with a reader here is held back.
    package static let longestAbsence: Duration = .seconds(30)

    /// Begins the delegated membership of a user.
    package func beginDelegation(_ name: String, userID: String, at now: Moment) {
        let channel = channel(named: name, now: now.steady)
        guard channel.delegated[ByteKey(userID)] == nil else { return }
        let isThere = channel.isLive && channel.members[userID] != nil
        channel.delegated[ByteKey(userID)] = Delegated(isKnownElsewhere: isThere)
    }

    /// Ends the delegated membership of a user; a removal that was held back is appended.
    package func endDelegation(_ name: String, userID: String, at now: Moment) {
        guard let channel = channels[name],
            let delegated = channel.delegated.removeValue(forKey: ByteKey(userID))
        else { return }
        if channel.delegated.isEmpty { channelsLeftWithoutReaders += 1 }
        guard delegated.absentSince != nil else { return }
        remove(userID, from: channel, at: now)
    }

    /// Returns true if the removal of a user must be held back.
    func holdsBackRemoval(_ userID: String, on channel: Channel, at now: Moment) -> Bool {
        let key = ByteKey(userID)
        guard channel.delegated[key] != nil, channel.members[userID] != nil else { return false }
        channel.delegated[key]?.isKnownElsewhere = false
        if channel.delegated[key]?.absentSince == nil {
            channel.delegated[key]?.absentSince = now.steady
        }
        return true
    }

    /// Records that Channels reports a user as present again.
    func returned(_ userID: String, on channel: Channel) {
        channel.delegated[ByteKey(userID)]?.absentSince = nil
    }

    /// Returns a list of members from Channels, plus the members with a removal that is held back.
    func withHeldBack(_ newer: Members, on channel: Channel, at now: Moment) -> Members {
        guard !channel.delegated.isEmpty else { return newer }
        var held = newer
        for member in channel.members.list
        where channel.delegated[ByteKey(member.userID)] != nil {
            if newer[member.userID] != nil {
                returned(member.userID, on: channel)
            } else if holdsBackRemoval(member.userID, on: channel, at: now) {
                held.insert(member)
            }
        }
        return held
    }

    /// Appends the removals that were held back for too long.
    func expireAbsences(of channel: Channel, at now: Moment) {
        for (key, delegated) in channel.delegated.sorted(by: { $0.key < $1.key }) {
            guard let since = delegated.absentSince, now.steady - since >= Self.longestAbsence
            else { continue }
            channel.delegated[key]?.absentSince = nil
            remove(key.text, from: channel, at: now)
        }
    }
}
