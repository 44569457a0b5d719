// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One subscription of a connection to the Unix socket.
final class LineReader: Reader {
    var cursor = Cursor()
    private var isAnswered = false
    let channel: String
    /// The place of its command among all commands.
    let ticket: LineConnection.Ticket
    /// True once the command was answered.
    private(set) var hasBegun = false
    private unowned let connection: LineConnection
    private var isOver = false

    private var desk: Desk { connection.desk }

    init(channel: String, ticket: LineConnection.Ticket, connection: LineConnection) {
        self.channel = channel
        self.ticket = ticket
        self.connection = connection
    }

    /// Attaches, once the channel was heard; what is said from now on waits in the log.
    func attach(from start: Start) {
        guard !isOver else { return }
        desk.hub.attach(
            self, to: [channel], from: start, wantsSnapshot: true, acceptsHeld: true, at: desk.now)
    }

    /// Answers the command with the members, then tells what is lacking.
    func begin() {
        guard !isOver, !hasBegun else { return }
        hasBegun = true
        tell(atLeastOne: true)
    }

    func newsCame(on channel: Channel) {
        pump()
    }

    /// Ends the subscription.
    func leave() {
        guard !isOver else { return }
        isOver = true
        desk.hub.detach(self, at: desk.now)
    }

    /// Writes on from the cursor for as long as the peer takes it.
    func pump() {
        if hasBegun, !isOver { tell(atLeastOne: false) }
    }

    /// Tells entries while there is room; with `atLeastOne`, the first also where there is none.
    private func tell(atLeastOne: Bool) {
        var isDue = atLeastOne
        while isDue || connection.hasRoom {
            var piece: [UInt8] = []
            repeat {
                isDue = false
                guard let entry = desk.hub.next(&cursor, at: desk.loop.now) else { break }
                append(entry, to: &piece)
                desk.tally.lined.told(entry)
            } while connection.hasRoom && piece.count < LineConnection.waitingBytes
            guard !piece.isEmpty else { return }
            connection.send(piece, of: channel)
        }
    }

    /// The first snapshot is the answer to the command; one behind a gap is an event like any other.
    private func append(_ entry: Entry, to piece: inout [UInt8]) {
        if case .snapshot(let channel) = entry, !isAnswered {
            isAnswered = true
            let position = desk.hub.position(at: cursor.sequence).text
            var json = Array(#"{"position":"\#(position)","members":"#.utf8)
            EventEncoder.memberList(of: channel, into: &json)
            json.append(UInt8(ascii: "}"))
            let reply = LineReply.ok(verb: "SUBSCRIBE", words: [channel.name], json: json)
            piece += reply.encoded()
            return
        }
        let form = desk.encoder.form(of: entry, at: cursor.sequence, now: desk.now.wall)
        piece += "EVENT ".utf8
        piece += form.bytes[form.json]
        piece.append(UInt8(ascii: "\n"))
    }
}
