// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One subscription of a connection to the Unix socket.
final class LineReader: Reader {
    var cursor = Cursor()
    let channel: String
    private unowned let connection: LineConnection
    private let desk: Desk
    private var timer: TimerToken?
    private var isOver = false

    init(channel: String, connection: LineConnection, desk: Desk) {
        self.channel = channel
        self.connection = connection
        self.desk = desk
    }

    /// Attaches; the members come as the answer to the command, then the events.
    func begin(from start: Start) {
        desk.hub.attach(self, to: [channel], from: start, wantsSnapshot: true, at: desk.now)
        timer = desk.loop.after(Waiter.patience) { [weak self] in
            guard let self, !self.isOver else { return }
            self.timer = nil
            let words = "The channel has not been heard yet: Channels is away."
            self.connection.refused(self, message: words)
        }
        pump()
    }

    func newsCame(on channel: Channel) {
        if !isOver { pump() }
    }

    /// Ends the subscription.
    func leave() {
        guard !isOver else { return }
        isOver = true
        stopTimer()
        desk.hub.detach(self, at: desk.now)
    }

    /// Writes on from the cursor for as long as the peer takes it.
    func pump() {
        while !isOver, connection.hasRoom {
            var piece: [UInt8] = []
            while piece.count < LineConnection.waitingBytes,
                let entry = desk.hub.next(&cursor, at: desk.loop.now)
            {
                if case .refusal(_, _, let message) = entry { return refuse(message) }
                append(entry, to: &piece)
            }
            guard !piece.isEmpty else { return }
            connection.send(piece)
        }
    }

    private func append(_ entry: Entry, to piece: inout [UInt8]) {
        if case .snapshot(let channel) = entry {
            stopTimer()
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

    /// The readers of this channel are being told news: the end of this one comes behind that.
    private func refuse(_ message: String) {
        desk.afterNews { [weak self] in
            guard let self, !self.isOver else { return }
            self.connection.refused(
                self, message: "Channels refuses the subscription: \(message)")
        }
    }

    private func stopTimer() {
        if let timer { desk.loop.cancel(timer) }
        timer = nil
    }
}

/// A reader for one look at the past.
final class HistoryReader: Reader {
    var cursor = Cursor()

    func newsCame(on channel: Channel) {}
}
