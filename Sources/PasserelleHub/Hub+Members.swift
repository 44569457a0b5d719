// SPDX-License-Identifier: MIT

/// The limits of member data.
///
/// If a `user_info` exceeds a limit, it is left out and its member keeps the id. If the id exceeds
/// a limit too, the member is ignored.
extension Hub {
    /// The member changes per second from lists for channels that are already subscribed.
    ///
    /// A list counts at least as many changes as it has members. A list beyond the limit is applied
    /// when the next second begins.
    package static let listedChanges = 20_000

    /// Returns a member within the channel's limits, or `nil` if the member must be ignored.
    func bounded(_ member: Member, on channel: Channel) -> Member? {
        let known = channel.members[member.userID]
        let others = memberBytes - (known?.cost ?? 0)
        let ownOthers = channel.members.cost - (known?.cost ?? 0)
        guard known != nil || channel.members.count < configuration.membersPerChannel,
            let fitting = fitted(member, besides: ownOthers, others)
        else {
            counters.membersDropped += 1
            return nil
        }
        return fitting
    }

    /// Returns a list of members within the channel's limits.
    func bounded(_ members: [Member], on channel: Channel) -> Members {
        let others = memberBytes - channel.members.cost
        var listed = Members()
        let hidden = configuration.hiddenMember
        for member in members where !member.userID.hasSameBytes(as: hidden) {
            guard listed.count < configuration.membersPerChannel,
                let fitting = fitted(member, besides: listed.cost, others + listed.cost)
            else {
                counters.membersDropped += 1
                continue
            }
            listed.insert(fitting)
        }
        return listed
    }

    /// Returns the member, if necessary without `user_info`, if it fits beside the others.
    private func fitted(_ member: Member, besides own: Int, _ all: Int) -> Member? {
        guard member.userID.utf8.count <= HubConfiguration.memberIDBytes else { return nil }
        func fits(_ member: Member) -> Bool {
            own + member.cost <= configuration.channelMemberBytes
                && all + member.cost <= configuration.memberBytes
        }
        let info = member.userInfo?.count ?? 0
        if info <= configuration.memberInfoBytes, fits(member) { return member }
        guard info > 0, fits(member.withoutInfo) else { return nil }
        counters.memberInfosDropped += 1
        return member.withoutInfo
    }

    /// Replaces a channel's members.
    func setMembers(_ members: Members, of channel: Channel) {
        memberBytes += members.cost - channel.members.cost
        channel.members = members
    }

    // MARK: - Deferred lists

    /// Returns whether a list for a channel which is already subscribed is deferred, and stores it
    /// if so.
    ///
    /// A later list replaces it. If the list fits, it is stored as received, so that replacing it
    /// is cheap.
    func defers(_ members: [Member]?, on channel: Channel) -> Bool {
        clearPending(of: channel)
        guard channel.isLive, let members, listedChanges >= Self.listedChanges else { return false }
        counters.listsDeferred += 1
        let cost = members.reduce(0) { $0 + $1.cost }
        let fits =
            members.count <= configuration.membersPerChannel
            && cost <= configuration.channelMemberBytes
            && cost <= configuration.memberBytes - memberBytes
        if fits {
            channel.pendingList = (members, cost)
            memberBytes += cost
        } else {
            setPending(bounded(members, on: channel), of: channel)
        }
        return true
    }

    /// Applies the change of one member to the deferred list, if there is one.
    func changePending(of channel: Channel, _ change: (inout Members) -> Void) {
        if let list = channel.pendingList?.members {
            clearPending(of: channel)
            setPending(bounded(list, on: channel), of: channel)
        }
        guard var members = channel.pendingMembers else { return }
        clearPending(of: channel)
        change(&members)
        setPending(members, of: channel)
    }

    private func setPending(_ members: Members, of channel: Channel) {
        memberBytes += members.cost
        channel.pendingMembers = members
    }

    /// Discards the channel's deferred list.
    func clearPending(of channel: Channel) {
        memberBytes -= channel.pendingList?.cost ?? 0
        memberBytes -= channel.pendingMembers?.cost ?? 0
        channel.pendingList = nil
        channel.pendingMembers = nil
    }

    /// Begins a second: applies the deferred lists.
    func takePendingLists(at now: Moment) {
        listedChanges = 0
        let waiting = channels.values.filter {
            $0.pendingList != nil || $0.pendingMembers != nil
        }
        for channel in waiting.sorted(by: { $0.name < $1.name }) {
            guard listedChanges < Self.listedChanges else { return }
            guard let members = channel.pendingList?.members ?? channel.pendingMembers?.list else {
                continue
            }
            clearPending(of: channel)
            if channel.isLive { subscribed(channel.name, members: members, at: now) }
        }
    }
}
