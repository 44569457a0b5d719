// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

extension EventStreamReader {
    /// The stream for another process; `nil` if it must end here.
    var handedOver: HandedOverConnection? {
        guard !isEnded, link.canBeHandedOver else { return nil }
        var writer = HandoverWriter()
        writer.run(cursor.encoded)
        writer.texts(cursor.filter?.names ?? [])
        writer.number(options.rawValue)
        writer.flag(hasReportedOutage)
        writer.run(account?.encoded)
        writer.texts(streams.users.userIDs(of: self))
        writer.flag(streams.authenticator != nil)
        streams.authenticator?.append(lease, to: &writer)
        writer.run(link.waitingOutput)
        guard case .full(let rest?) = state else {
            writer.run(nil)
            return connection(writer)
        }
        writer.run(Array(rest.bytes))
        writer.text(rest.event?.channel)
        writer.number(rest.event?.sequence ?? 0)
        return connection(writer)
    }

    private func connection(_ writer: HandoverWriter) -> HandedOverConnection {
        HandedOverConnection(
            kind: .stream, descriptor: link.fileDescriptor, bytes: writer.bytes,
            release: { self.cut() })
    }

    /// Continues a stream of another process at its position.
    static func takeOver(
        _ reader: inout HandoverReader, _ link: Link, _ context: DownstreamContext
    ) throws(HandoverError) {
        let position = try reader.requiredRun()
        let names = try reader.texts()
        let options = Options(rawValue: UInt8(truncatingIfNeeded: try reader.number()))
        let hasReportedOutage = try reader.flag()
        let account = try reader.run().flatMap { PeerAddress(encoded: $0) }
        let userIDs = try reader.texts()
        let wasChecked = try reader.flag()
        let lease = wasChecked ? try Authenticator.HandedOverLease(&reader) : nil
        // If readers are checked from now on, this one must be too.
        guard wasChecked || context.authenticator == nil else { throw .malformed }
        let queued = try reader.requiredRun()
        let rest = try reader.run()
        var unfinished: Event?
        if rest != nil {
            let channel = try reader.text()
            let sequence = try reader.number()
            unfinished = channel.flatMap { context.hub.channel($0)?.entry(at: sequence) }
        }
        let filter = names.isEmpty ? nil : context.filter(handedOver: names)
        guard reader.isAtEnd,
            let cursor = context.hub.cursor(handedOver: position, filter: filter, at: context.now),
            context.quotas.admit(link) == nil
        else { throw .malformed }
        guard context.quotas.tookOver(account, user: cursor.userID) else {
            context.quotas.ended(link)
            throw .malformed
        }
        let stream = EventStreamReader(
            link: link, account: account, options: options, streams: context.streams)
        stream.hasReportedOutage = hasReportedOutage
        context.hub.attach(stream, at: cursor)
        context.streams.users.add(stream, of: userIDs, isStream: true)
        context.joined(cursor)
        stream.resume(queued: queued, rest: rest ?? [], of: unfinished)
        stream.lease = lease.flatMap { context.authenticator?.addLease($0, for: stream) }
    }

    /// Continues to write: first what the other process could not send.
    private func resume(queued: [UInt8], rest: [UInt8], of event: Event?) {
        link.owner = self
        link.outputLimit = HTTPConnection.outputLimit
        streams.tookOver(self)
        link.send(queued)
        if !rest.isEmpty { write(rest[...], of: event) }
        if case .writable = state, !streams.hub.isUpToDate(cursor, at: streams.loop.now) { pump() }
    }
}

extension DownstreamContext {
    /// Returns the filter for names that another process had accepted.
    func filter(handedOver names: [String]) -> EventFilter? {
        var events = EventNames()
        for name in names { try? events.add(name) }
        return filter(events)
    }

    /// Reports that the user of a stream of another process reads here from now on.
    func joined(_ cursor: Cursor) {
        guard let userID = cursor.userID,
            let identity = try? ReaderIdentity(
                userID: userID, userInfo: nil, reserved: configuration.memberID)
        else { return }
        services.presence.joined(cursor.channels.map(\.name), identity)
    }
}
