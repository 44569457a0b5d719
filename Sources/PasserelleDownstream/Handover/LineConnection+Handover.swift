// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

extension LineConnection {
    /// True if no command waits for its answer, except for `UPGRADE`.
    var isQuiet: Bool {
        order.isEmpty || (order.count == 1 && order.unanswered.first == upgrade)
    }

    /// The connection for another process; `nil` if it must end here.
    var handedOver: HandedOverConnection? {
        guard !isEnded, !isQuitting, isQuiet, link.isOpen, let received = splitter.remainder
        else { return nil }
        var writer = HandoverWriter()
        writer.run(received)
        writer.run(link.waitingOutput)
        writer.flag(upgrade != nil)
        writer.flag(peerFinished)
        writer.flag(hasReportedOutage)
        writer.texts(Array(waitingChannels))
        writer.number(readers.count)
        for (channel, reader) in readers {
            writer.text(channel)
            writer.run(reader.cursor.encoded)
            writer.texts(reader.cursor.filter?.names ?? [])
            writer.flag(reader.isAnswered)
        }
        return HandedOverConnection(
            kind: .line, descriptor: link.fileDescriptor, bytes: writer.bytes,
            release: { self.cut() })
    }

    /// Continues a connection of another process.
    static func takeOver(
        _ reader: inout HandoverReader, _ link: Link, _ service: LineService
    ) throws(HandoverError) {
        let context = service.context
        let received = try reader.requiredRun()
        let queued = try reader.requiredRun()
        let awaitsUpgrade = try reader.flag()
        let peerFinished = try reader.flag()
        let hasReportedOutage = try reader.flag()
        let waitingChannels = try reader.texts()
        var cursors: [(channel: String, cursor: Cursor, isAnswered: Bool)] = []
        for _ in 0..<(try reader.number()) {
            let channel = try reader.requiredText()
            let position = try reader.requiredRun()
            let names = try reader.texts()
            let filter = names.isEmpty ? nil : context.filter(handedOver: names)
            guard
                let cursor = context.hub.cursor(
                    handedOver: position, filter: filter, at: context.now)
            else { throw .malformed }
            cursors.append((channel, cursor, try reader.flag()))
        }
        guard reader.isAtEnd else { throw .malformed }
        guard let connection = service.connection(on: link) else { return }
        connection.hasReportedOutage = hasReportedOutage
        for (channel, cursor, isAnswered) in cursors {
            connection.takeOver(channel, at: cursor, isAnswered: isAnswered)
        }
        connection.takeOver(received: received, queued: queued, of: waitingChannels)
        if awaitsUpgrade {
            let json: JSONObjectWriter = ["version": context.services.version]
            connection.reply(.ok(verb: "UPGRADE", words: [], json: json.finished()))
        }
        connection.continueHandedOver()
        if peerFinished { connection.linkPeerFinished(link) }
    }

    private func takeOver(_ channel: String, at cursor: Cursor, isAnswered: Bool) {
        // The command was answered, so no later answer uses this ticket.
        let reader = LineReader(channel: channel, ticket: Ticket.none, connection: self)
        reader.isAnswered = isAnswered
        reader.hasBegun = true
        readers[channel] = reader
        context.hub.attach(reader, at: cursor)
    }

    private func takeOver(received: [UInt8], queued: [UInt8], of channels: [String]) {
        splitter.append(received.span)
        guard !queued.isEmpty else { return }
        send(queued, of: channels.first)
        for channel in channels.dropFirst() { send([], of: channel) }
    }
}
