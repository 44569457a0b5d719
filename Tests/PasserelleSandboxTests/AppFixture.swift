// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

@testable import PasserelleSandbox

/// An app whose clients are numbers, which records each of its actions as one line.
///
/// `1 < FRAME` is a frame to client 1, `1 x CODE REASON` its end, `hook EVENT` a webhook.
struct AppFixture {
    static let wall: Int64 = 1_700_000_000_000

    var app: ChannelsApp
    var now = Duration.seconds(1000)

    init(_ change: (inout SandboxConfiguration) -> Void = { _ in }) {
        var configuration = SandboxConfiguration()
        configuration.appID = "1234"
        configuration.key = "app-key"
        configuration.secret = "app-secret"
        change(&configuration)
        app = ChannelsApp(configuration)
    }

    /// The socket id of the client with that number.
    static func socketID(_ id: Int) -> String { "\(id).\(id)" }

    @discardableResult
    mutating func connect(
        _ id: Int, key: String = "app-key", version: String? = "7"
    ) -> [String] {
        var query = [(name: "client", value: "test")]
        if let version { query.append((name: "protocol", value: version)) }
        return output(
            app.connected(
                id, socketID: Self.socketID(id), key: key, query: query, now: now))
    }

    @discardableResult
    mutating func send(_ id: Int, _ text: String) -> [String] {
        output(app.received(id, text: Array(text.utf8), now: now))
    }

    @discardableResult
    mutating func lose(_ id: Int) -> [String] {
        output(app.lost(id, now: now))
    }

    @discardableResult
    mutating func pass(_ time: Duration) -> [String] {
        now += time
        return output(app.timePassed(now: now))
    }

    @discardableResult
    mutating func subscribe(_ id: Int, _ channel: String, data: String? = nil) -> [String] {
        let message = ClientMessage.subscribe(
            channel: channel, auth: Self.auth(id, channel, data), channelData: data)
        return output(app.received(id, text: message.encoded(), now: now))
    }

    @discardableResult
    mutating func signIn(_ id: Int, _ userData: String) -> [String] {
        let text = ChannelsSigning.signIn(socketID: Self.socketID(id), userData: userData)
        let message = ClientMessage.signIn(auth: Self.sign(text), userData: userData)
        return output(app.received(id, text: message.encoded(), now: now))
    }

    /// Sends a signed REST request; returns the status, the body and the resulting actions.
    @discardableResult
    mutating func request(
        _ method: String, _ path: String, query: String = "", body: String = "",
        at wall: Int64 = AppFixture.wall
    ) -> (status: Int, body: String, output: [String]) {
        let request = Self.signed(method, path, query: query, body: Array(body.utf8), at: wall)
        return send(request)
    }

    mutating func send(_ request: HTTPRequest) -> (status: Int, body: String, output: [String]) {
        let answer = app.requested(request, now: now, wallMilliseconds: Self.wall)
        return (
            answer.response.status, String(decoding: answer.response.body, as: UTF8.self),
            output(answer.actions)
        )
    }

    static func auth(_ id: Int, _ channel: String, _ data: String?) -> String {
        sign(
            ChannelsSigning.subscription(
                socketID: socketID(id), channel: channel, channelData: data))
    }

    static func sign(_ text: [UInt8], secret: String = "app-secret") -> String {
        "app-key:" + Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), text))
    }

    static func signed(
        _ method: String, _ path: String, query: String = "", body: [UInt8] = [],
        at wall: Int64 = AppFixture.wall, key: String = "app-key", secret: String = "app-secret"
    ) -> HTTPRequest {
        var raw = "auth_key=\(key)&auth_timestamp=\(wall / 1000)&auth_version=1.0"
        if !body.isEmpty { raw += "&body_md5=" + Hex.encode(Digest.md5(body)) }
        if !query.isEmpty { raw += "&" + query }
        let text = ChannelsSigning.request(
            method: method, path: path, query: (try? HTTPTarget.decodeQuery(raw)) ?? [])
        let signature = Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), text))
        return HTTPRequest(
            method: method, target: "\(path)?\(raw)&auth_signature=\(signature)", body: body)
    }

    private func output(_ actions: [ChannelsAction]) -> [String] {
        actions.map { action in
            switch action {
            case .send(let id, let frame): "\(id) < \(String(decoding: frame, as: UTF8.self))"
            case .close(let id, let code, let reason): "\(id) x \(code) \(reason)"
            case .webhook(let event): "hook \(String(decoding: event.encoded, as: UTF8.self))"
            }
        }
    }
}
