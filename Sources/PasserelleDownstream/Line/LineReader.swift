// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One line subscription of a connection to the Unix socket.
final class LineReader: Reader {
    var cursor = Cursor()
    var isAnswered = false
    let channel: String
    /// The place of its command in the order of answers.
    let ticket: LineConnection.Ticket
    /// True once the command's answer is due and entries are sent.
    var hasBegun = false
    private unowned let connection: LineConnection
    private var isEnded = false

    private var context: DownstreamContext { connection.context }

    init(channel: String, ticket: LineConnection.Ticket, connection: LineConnection) {
        self.channel = channel
        self.ticket = ticket
        self.connection = connection
    }

    /// Attaches the reader once the channel is subscribed; from now on events wait in the log.
    func attach(from start: Start, skipsReplay: Bool, events: EventNames, as userID: String?) {
        guard !isEnded else { return }
        context.hub.attach(
            self, to: [channel], from: start, skipsReplay: skipsReplay, wantsSnapshot: true,
            acceptsHeld: true, as: userID, filter: context.filter(events), at: context.now)
    }

    /// Answers the command with the members, then sends the entries after the cursor.
    func begin() {
        guard !isEnded, !hasBegun else { return }
        hasBegun = true
        sendEntries(atLeastOne: true)
    }

    func updatesAvailable(on channel: Channel) {
        pump()
    }

    /// Ends the subscription.
    func detach() {
        guard !isEnded else { return }
        isEnded = true
        context.hub.detach(self, at: context.now)
    }

    /// Sends entries after the cursor while there is room.
    func pump() {
        if hasBegun, !isEnded { sendEntries(atLeastOne: false) }
    }

    /// Sends entries while there is room; if `atLeastOne`, sends the first even if there is none.
    private func sendEntries(atLeastOne: Bool) {
        var isDue = atLeastOne
        while isDue || connection.hasRoom {
            var piece: [UInt8] = []
            repeat {
                isDue = false
                guard let entry = context.hub.next(&cursor, at: context.loop.now) else { break }
                append(entry, to: &piece)
                context.tally.lined.delivered(entry)
            } while connection.hasRoom && piece.count < LineConnection.waitingBytes
            guard !piece.isEmpty else { return }
            connection.send(piece, of: channel)
        }
    }

    /// Appends an entry as a line: the first snapshot as the command's answer, others as events.
    private func append(_ entry: Entry, to piece: inout [UInt8]) {
        if case .snapshot(let channel) = entry, !isAnswered {
            isAnswered = true
            let position = context.hub.position(at: cursor.sequence).text
            var json = Array(#"{"position":"\#(position)","members":"#.utf8)
            EventEncoder.memberList(of: channel, into: &json)
            EventEncoder.append(me: cursor.userID, to: &json)
            json.append(UInt8(ascii: "}"))
            let reply = LineReply.ok(verb: "SUBSCRIBE", words: [channel.name], json: json)
            piece += reply.encoded()
            return
        }
        let reader = Recipient(userID: cursor.userID, upstream: context.upstream.state)
        let form = context.encoder.form(
            of: entry, at: cursor.sequence, for: reader, now: context.now.wall)
        piece += "EVENT ".utf8
        piece += form.bytes[form.json]
        piece.append(UInt8(ascii: "\n"))
    }
}
