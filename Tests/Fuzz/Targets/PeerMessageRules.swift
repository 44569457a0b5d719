// SPDX-License-Identifier: MIT
import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

/// Invariants of messages that the gateway passes from one peer to others.
enum PeerMessageRules {
    private static let channel = "presence-bail-1"
    private static let socketID = "1.1"
    private static let signer = Signer(key: "key", secret: Array("secret".utf8))

    private static let retractions = [
        RetractionRule(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
    ]

    /// Checks that a body from a client becomes one message to Channels, in that user's name.
    static func bodies(_ bytes: [UInt8]) {
        do throws(Refusal) {
            let event = try ClientEvent(bytes)
            guard let data = try? ClientEventData.signed(event.data, as: "ana") else { return }
            hold("data is its user's", ClientEventData.userID(in: data) == "ana")
            let published = ClientMessage.clientEvent(
                channel: channel, name: event.name, data: data)
            let text = published.encoded()
            hold("a message is one line", !text.contains { $0 == 10 || $0 == 13 || $0 == 0 })
            hold("a message is JSON", (try? JSONScanner.document(text.span)) != nil)
        } catch {
            hold("a refusal has its status", error.status == 400)
        }
    }

    /// Checks that an auth route's answer admits only with the application's signature.
    static func authAnswers(_ bytes: [UInt8]) {
        let response = HTTPResponse(status: 200, body: bytes)
        let answer = AuthRouteAnswer(
            response, channel: channel, socketID: socketID, signer: signer,
            memberID: "passerelle")
        if case .failed = answer { return }
        guard let root = try? JSONScanner.document(bytes.span) else {
            return hold("an admission is JSON", false)
        }
        let texts = ["auth", "channel_data"].map {
            JSONScanner.text(bytes.span, JSONScanner.member(bytes.span, of: root, named: $0))
        }
        let ours = signer.auth(socketID: socketID, channel: channel, channelData: texts[1])
        hold("an admission is signed", texts[0] == ours)
        if case .admitted(let user, let defect) = answer {
            hold("an admission has a user", user != nil || defect != nil)
        }
    }

    /// Checks that readers receive only whole events if each line is a message of a hostile server.
    static func hostileServer(_ bytes: [UInt8]) {
        let now = Moment(steady: .seconds(1), wall: WallTime(milliseconds: 1_700_000_000_000))
        let hub = Hub(epoch: 7, configuration: HubConfiguration(), at: now)
        _ = hub.requestChannel(named: channel, at: now)
        var session = UpstreamSession { 0.5 }
        var actions = session.started(now: now.steady)
        actions += session.received(
            .connectionEstablished(socketID: socketID, activityTimeout: 120), now: now.steady)
        actions += session.wanted(channel, now: now.steady)
        actions += session.received(
            .subscriptionSucceeded(channel: channel, members: []), now: now.steady)
        for line in bytes.split(separator: 10).prefix(64) {
            guard let message = try? ServerMessage.parse(Array(line).span) else { continue }
            actions += session.received(message, now: now.steady)
        }
        for case .deliver(let report) in actions {
            hub.take(
                report, retractions: retractions, memberID: "passerelle", at: now)
        }
        read(hub, at: now)
    }

    /// Reads all entries for a new reader, in every form.
    private static func read(_ hub: Hub, at now: Moment) {
        guard let live = hub.channel(channel) else { return hold("the channel is kept", false) }
        let encoder = EventEncoder(hub: hub)
        let recipient = Recipient(userID: "ana", upstream: ReportedUpstream(at: now))
        var cursor = hub.cursor(on: [live], from: .earliest, wantsSnapshot: true)
        var members: [UInt8] = []
        EventEncoder.memberList(of: live, into: &members)
        one(members)
        var entries = 0
        while let entry = hub.next(&cursor, at: now.steady) {
            entries += 1
            hold("reading ends", entries <= 256)
            let form = encoder.form(of: entry, at: cursor.sequence, for: recipient, now: now.wall)
            guard !form.bytes.isEmpty else { continue }
            let json = Array(form.bytes[form.json])
            one(json)
            frame(Array(form.bytes[form.frame]), data: json)
            frame(EventEncoder.payloadFrame(of: entry, id: "k-1", for: recipient), data: nil)
            let line = LineReply.event(json).encoded()
            hold("a line is one line", line.firstIndex(of: 10) == line.count - 1)
        }
    }

    private static func one(_ json: [UInt8]) {
        hold("an event is JSON", (try? JSONScanner.document(json.span)) != nil)
        hold("an event is one line", !json.contains { $0 == 10 || $0 == 13 || $0 == 0 })
    }

    /// Checks that a frame is one event: its data is the object, and no bytes follow it.
    private static func frame(_ bytes: [UInt8], data: [UInt8]?) {
        var parser = EventStreamParser()
        parser.append(bytes.span)
        let message = try? parser.next()
        hold("a frame is one event", message != nil && (try? parser.next()) == .some(nil))
        if let data { hold("a frame holds its object", message?.data == data) }
    }
}
