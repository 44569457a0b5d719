// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleWire

/// `POST /channels/{channel}/events`: what a reader says to the others (design §5).
enum SendRoute {
    /// Checks everything that can be known at once, and answers when the channel was heard and the
    /// event sent.
    static func serve(
        _ request: HTTPRequest, channel: String, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        let channel = try ReadRequest.check(
            channel: channel, allowed: desk.configuration.channels)
        try checkType(of: request)
        let claim = try IdentityClaim(query: request.query)
        let event = try ClientEvent(request.body)
        try desk.admit(request, to: [channel], claiming: claim, on: connection) {
            [weak connection] (grant) throws(Refusal) in
            guard let connection else { return }
            let signed = try desk.sign(event, on: channel, as: grant.identity)
            send(signed, on: connection, desk: desk)
        }
    }

    private static func send(
        _ event: SignedClientEvent, on connection: HTTPConnection, desk: Desk
    ) {
        connection.waits(
            for: desk.whenHeard([event.channel]) { [weak connection] outcome in
                do throws(Refusal) {
                    _ = try outcome.channels()
                } catch {
                    connection?.refuse(error)
                    return
                }
                desk.send(event) { refusal in
                    guard let refusal else {
                        connection?.answer(.json(202, Array("{}\n".utf8)))
                        return
                    }
                    connection?.refuse(refusal)
                }
            })
    }

    private static func checkType(of request: HTTPRequest) throws(Refusal) {
        guard request.isJSON else {
            throw Refusal(
                415, "bad-content-type", "This route takes Content-Type: application/json.")
        }
    }
}

extension HTTPRequest {
    /// Whether its one Content-Type is `application/json`, with whatever parameters: a page
    /// elsewhere cannot send that without asking first.
    package var isJSON: Bool {
        let types = fields.all("Content-Type")
        guard types.count == 1, var media = types.first?.prefix(while: { $0 != ";" }) else {
            return false
        }
        while media.last == " " || media.last == "\t" { media.removeLast() }
        return media.lowercased() == "application/json"
    }
}

/// What a body says: `{"event":NAME,"data":{…}}`, the data an object or left out.
package struct ClientEvent: Equatable {
    package let name: String
    /// JSON as it came; what it has to be is decided when it is signed.
    package let data: [UInt8]

    init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }

    /// Reads a body.
    package init(_ body: [UInt8]) throws(Refusal) {
        guard let root = try? JSONScanner.document(body.span) else {
            throw .badRequest("bad-body", "The body is not JSON.")
        }
        guard let name = JSONScanner.member(body.span, of: root, named: "event"),
            let text = JSONScanner.text(body.span, name)
        else {
            throw .badRequest("bad-body", "The body is {\"event\":NAME,\"data\":{…}}.")
        }
        self.name = text
        if let data = JSONScanner.member(body.span, of: root, named: "data") {
            self.data = Array(body[data.range])
        } else {
            data = Array("{}".utf8)
        }
    }

    /// What typing is on every surface.
    static func typing(_ isTyping: Bool) -> ClientEvent {
        ClientEvent(name: "client-typing", data: Array(#"{"isTyping":\#(isTyping)}"#.utf8))
    }
}

/// A client event that may go out: its data names its user.
struct SignedClientEvent: Equatable {
    let name: String
    let data: [UInt8]
    let channel: String
    let userID: String
}

extension Desk {
    /// Checks that a user may send an event to a channel, and makes it theirs.
    func sign(
        _ event: ClientEvent, on channel: String, as identity: ReaderIdentity?
    ) throws(Refusal) -> SignedClientEvent {
        guard let identity, identity.mayPublish else {
            throw Refusal(403, "forbidden", "Only a known user who may send can send.")
        }
        guard configuration.clientEvents.contains(event.name) else {
            throw Refusal(
                403, "forbidden",
                "Readers do not send that event; PASSERELLE_CLIENT_EVENTS says which.")
        }
        let kind = (try? ChannelName(channel))?.kind
        guard kind == .presence || kind == .private else {
            // An encrypted channel's readers would take what we send for ciphertext.
            throw Refusal(
                403, "forbidden", "Channels has client events on private and presence channels.")
        }
        let data: [UInt8]
        do throws(ClientEventData.Refusal) {
            data = try ClientEventData.signed(event.data, as: identity.userID)
        } catch {
            switch error {
            case .notAnObject: throw .badRequest("bad-body", "data is a JSON object.")
            case .anotherUser:
                throw Refusal(403, "forbidden", "userId in data is somebody else's.")
            }
        }
        guard data.count <= configuration.publishBytes else {
            throw Refusal(
                413, "too-large",
                "An event's data has at most \(configuration.publishBytes) bytes.")
        }
        return SignedClientEvent(
            name: event.name, data: data, channel: channel, userID: identity.userID)
    }

    /// Sends it, and calls `done` with `nil` or with a refusal that says when to come back.
    func send(_ event: SignedClientEvent, done: @escaping (Refusal?) -> Void) {
        services.presence.send(event.name, event.data, event.channel, event.userID) {
            [weak self] outcome in
            if outcome == .sent { self?.tally.clientEvents += 1 }
            done(Refusal(outcome))
        }
    }
}

extension Refusal {
    /// Why a client event was not sent; `nil` where it was.
    fileprivate init?(_ outcome: ClientEventOutcome) {
        switch outcome {
        case .sent: return nil
        case .excess(let delay):
            let seconds = max(1, Int((delay / .seconds(1)).rounded(.up)))
            self.init(
                429, "rate-limited", "Channels takes ten such events a second; come back.",
                fields: ["Retry-After": String(seconds)])
        case .unavailable:
            self = .unavailable(
                "upstream-unavailable", "Channels is away: nothing was sent.", retryAfter: 2)
        case .notYet:
            self = .unavailable(
                "upstream-unavailable",
                "You are not a member of the channel yet: nothing was sent.", retryAfter: 1)
        }
    }
}
