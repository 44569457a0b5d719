// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A plain TCP client that keeps the received bytes.
final class ByteClient: LinkOwner {
    private(set) var isOpen = false
    private(set) var end: LinkEnd?
    private var bytes: [UInt8] = []
    private var opened: Link?

    init(loop: EventLoop, port: Int, tls: TLSClient? = nil) {
        opened = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: port), tls: tls, owner: self)
    }

    var link: Link {
        guard let opened else { preconditionFailure("not dialled") }
        return opened
    }

    func linkOpened(_ link: Link) {
        isOpen = true
    }

    func link(_ link: Link, received new: Span<UInt8>) {
        bytes.append(copying: new)
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.end = end
    }

    func send(_ text: String) {
        link.send(Array(text.utf8))
    }

    func takeBytes() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// The received bytes that were not taken yet, as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A WebSocket client that keeps every received message.
final class SocketClient: LinkOwner {
    private(set) var messages: [String] = []
    private(set) var binaries: [[UInt8]] = []
    private(set) var closed: (code: UInt16, reason: String)?
    private(set) var response: HTTPResponse?
    private(set) var isEnded = false
    private let link: Link
    private var parser = HTTPResponseParser()
    private var session = WebSocketSession(
        role: .client, messageBytes: 1_000_000, maskSource: { 0x1122_3344 })

    init(_ client: ByteClient, target: String) {
        link = client.link
        link.owner = self
        link.send(
            HTTPWriter.request(
                WebSocketHandshake.request(
                    host: "localhost", target: target, key: "dGhlIHNhbXBsZSBub25jZQ==")))
    }

    var isUpgraded: Bool { response?.status == 101 }

    /// The socket id assigned by the server.
    var socketID: String {
        guard let first = messages.first,
            case .connectionEstablished(let id, _)? = try? ServerMessage.parse(
                Array(first.utf8).span)
        else { return "" }
        return id
    }

    func send(_ text: String) {
        perform(session.send(text: text))
    }

    func send(_ message: ClientMessage) {
        send(String(decoding: message.encoded(), as: UTF8.self))
    }

    func subscribe(_ channel: String, data: String? = nil) {
        let text = ChannelsSigning.subscription(
            socketID: socketID, channel: channel, channelData: data)
        send(.subscribe(channel: channel, auth: AppFixture.sign(text), channelData: data))
    }

    func perform(_ actions: [WebSocketSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): link.send(bytes)
            case .deliver(.text(let text)):
                messages.append(String(decoding: text, as: UTF8.self))
            case .deliver(.binary(let bytes)): binaries.append(bytes)
            case .deliver: break
            case .closed(let code, let reason): closed = (code, reason)
            case .endLink: link.finish()
            }
        }
    }

    /// Requests a WebSocket pong.
    func ping() {
        perform(session.ping([1]))
    }

    func leave() {
        perform(session.close(code: 1000))
    }

    func drop() {
        link.close()
    }

    func pause() {
        link.pause()
    }

    func resume() {
        link.resume()
    }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        if isUpgraded { return perform(session.received(bytes)) }
        parser.append(bytes)
        guard let response = try? parser.next() else { return }
        self.response = response
        let rest = parser.takeRemainder()
        if isUpgraded, !rest.isEmpty { perform(session.received(rest.span)) }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        perform(session.lost())
        isEnded = true
    }
}
