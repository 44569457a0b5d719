// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A user of the application: a real WebSocket client of Channels that joins, types and leaves.
final class ChannelsMember: LinkOwner {
    let userID: String
    /// The user's `user_info`, as JSON.
    let info: String
    private(set) var messages: [ServerMessage] = []
    private(set) var isEnded = false
    private let fixture: EndToEndFixture
    private var link: Link?
    private var handshake = HTTPResponseParser()
    private var session: WebSocketSession?

    /// Connects and waits for its socket id.
    init(_ fixture: EndToEndFixture, port: Int, userID: String, info: String) throws {
        self.fixture = fixture
        self.userID = userID
        self.info = info
        link = Dial.connect(
            loop: fixture.loop, to: .tcp(host: "127.0.0.1", port: port), tls: nil,
            timeout: hangLimit, owner: self)
        try fixture.wait(for: "\(userID)'s socket id") { !messages.isEmpty || isEnded }
    }

    private var socketID: String {
        for case .connectionEstablished(let id, _) in messages { return id }
        return ""
    }

    /// Joins a presence channel and waits for the subscription.
    func join(_ channel: String) throws {
        var json = Array(#"{"user_id":"#.utf8)
        JSONWriter.string(userID, into: &json)
        json += Array(#","user_info":\#(info)}"#.utf8)
        let data = String(decoding: json, as: UTF8.self)
        let text = ChannelsSigning.subscription(
            socketID: socketID, channel: channel, channelData: data)
        let auth = "\(SandboxProcess.key):\(SandboxProcess.sign(text))"
        send(.subscribe(channel: channel, auth: auth, channelData: data))
        try fixture.wait(for: "\(userID)'s subscription") {
            messages.contains { message in
                if case .subscriptionSucceeded(channel, _) = message { true } else { false }
            }
        }
    }

    /// Sends a client event; `data` is JSON.
    func send(_ channel: String, _ event: String, _ data: String) {
        send(.clientEvent(channel: channel, name: event, data: Array(data.utf8)))
    }

    /// Ends its connection gracefully.
    func leave() {
        perform(session?.close() ?? [])
    }

    private func send(_ message: ClientMessage) {
        perform(session?.send(text: message.encoded()) ?? [])
    }

    private func perform(_ actions: [WebSocketSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): link?.send(bytes)
            case .deliver(.text(let text)):
                if let message = try? ServerMessage.parse(text.span) { messages.append(message) }
            case .deliver: break
            case .closed: isEnded = true
            case .endLink: link?.finish()
            }
        }
    }

    func linkOpened(_ link: Link) {
        let target = "/app/\(SandboxProcess.key)?protocol=7&client=js&version=8.4.0"
        let key = Base64.encode(Random.bytes(16))
        link.send(
            HTTPWriter.request(
                WebSocketHandshake.request(host: "localhost", target: target, key: key)))
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        if session != nil { return perform(session?.received(bytes) ?? []) }
        handshake.append(bytes)
        guard let response = try? handshake.next(), response.status == 101 else { return }
        session = WebSocketSession(
            role: .client, messageBytes: 1 << 20, maskSource: Random.uint32)
        let rest = handshake.takeRemainder()
        if !rest.isEmpty { perform(session?.received(rest.span) ?? []) }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        isEnded = true
    }
}
