// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleNet
package import PasserelleWire

/// The demo's application server: serves the page, signs subscriptions, stores messages and
/// publishes them through REST.
///
/// It takes the place of a chat application, but trusts the user id sent by the page. Therefore it
/// answers only on loopback names and addresses, and no other site's page.
package final class DemoApplication {
    /// The channel of the demo, a conversation about one lease.
    package static let channel = "presence-bail-demo"
    /// The names of the events that the page may publish.
    static let events = ["new-message", "message-deleted", "new-request", "request-updated"]
    /// The limit of Channels for the data of an event, in bytes.
    static let dataLimit = 10_240

    private let key: String
    private let secret: String
    private let wsURL: String
    private let pages: DemoPages
    private let services: Services
    private var records = DemoRecords()
    /// False while the page has disconnected Channels.
    private var isChannelsConnected = true

    /// What the application needs from the process around it.
    package struct Services {
        /// The time of day (RFC 3339).
        package var now: () -> String
        /// Publishes an event's data on a channel, and calls back once, with true if Channels
        /// accepted it.
        package var publish: (String, String, [UInt8], @escaping (Bool) -> Void) -> Void
        /// Ends every connection to Channels and refuses new ones if false; ends that if true.
        package var connectChannels: (Bool) -> Void

        package init(
            now: @escaping () -> String,
            publish: @escaping (String, String, [UInt8], @escaping (Bool) -> Void) -> Void,
            connectChannels: @escaping (Bool) -> Void
        ) {
            self.now = now
            self.publish = publish
            self.connectChannels = connectChannels
        }
    }

    /// Takes the sandbox's credentials and the URL of its WebSocket side up to `/app`.
    package init(key: String, secret: String, wsURL: String, services: Services) {
        self.key = key
        self.secret = secret
        self.wsURL = wsURL
        self.services = services
        pages = DemoPages(wsURL: wsURL)
    }

    /// Answers a request for one of the demo's paths, once; returns false for any other path.
    package func respond(
        to request: HTTPRequest, _ reply: @escaping (HTTPResponse) -> Void
    ) -> Bool {
        do throws(DemoRefusal) {
            switch request.path {
            case "/demo/settings":
                try request.requireMethod("GET, HEAD")
                reply(.demo(200, json: settings))
            case "/demo/records":
                try request.requireMethod("GET, HEAD")
                reply(.demo(200, json: records.json))
            case "/demo/channels":
                try request.requireOwnPage(contentType: "application/json")
                reply(.demo(200, json: try connectChannels(request.body)))
            case "/demo/auth":
                try request.requireOwnPage(contentType: "application/x-www-form-urlencoded")
                reply(.demo(200, json: try authorization(request)))
            case "/demo/publish":
                try request.requireOwnPage(contentType: "application/json")
                try send(request.body, reply)
            default:
                guard let response = pages.response(at: request.path) else { return false }
                try request.requireMethod("GET, HEAD")
                reply(response)
            }
        } catch {
            reply(error.response)
        }
        return true
    }

    private var settings: JSONObjectWriter {
        [
            "key": key, "wsUrl": wsURL, "channel": DemoApplication.channel,
            "connected": isChannelsConnected,
        ]
    }

    /// Signs a subscription for a user, as an application's auth endpoint does.
    ///
    /// The user is named in the form or, for a library that sends only its own fields, in the
    /// query.
    private func authorization(_ request: HTTPRequest) throws(DemoRefusal) -> JSONObjectWriter {
        let form = DemoForm(request.body)
        let userID = form?["user_id"] ?? DemoForm(Array((request.query ?? "").utf8))?["user_id"]
        guard let socketID = form?["socket_id"], SocketID.isUsable(socketID),
            SocketID.isHosted(socketID)
        else {
            throw .malformed("The form must contain a socket_id: two numbers and a dot.")
        }
        guard form?["channel_name"] == DemoApplication.channel else { throw .unknown("channel") }
        guard let party = DemoUser.all.first(where: { $0.id == userID }) else {
            throw .unknown("user")
        }
        let channelData = String(decoding: party.channelData, as: UTF8.self)
        let signed = ChannelsSigning.subscription(
            socketID: socketID, channel: DemoApplication.channel, channelData: channelData)
        let signature = Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), signed))
        return ["auth": "\(key):\(signature)", "channel_data": channelData]
    }

    /// Disconnects Channels, or connects it again, as the page asks.
    private func connectChannels(_ body: [UInt8]) throws(DemoRefusal) -> JSONObjectWriter {
        switch JSONObject(body)?.raw("connected").map({ String(decoding: $0, as: UTF8.self) }) {
        case "true": isChannelsConnected = true
        case "false": isChannelsConnected = false
        default: throw .malformed("The body must contain connected: true or false.")
        }
        services.connectChannels(isChannelsConnected)
        return settings
    }

    /// Stores and publishes the event sent by the page; replies when Channels answers.
    ///
    /// Its data is unchanged. What is stored is not lost if Channels does not accept it.
    private func send(
        _ body: [UInt8], _ reply: @escaping (HTTPResponse) -> Void
    ) throws(DemoRefusal) {
        guard let fields = JSONObject(body) else {
            throw .malformed("The body must be a JSON object.")
        }
        guard let event = fields.text("event"), DemoApplication.events.contains(event) else {
            let names = DemoApplication.events.joined(separator: ", ")
            throw .malformed("The event must be one of \(names).")
        }
        guard fields["data"]?.kind == .object, let data = fields.raw("data") else {
            throw .malformed("The data must be a JSON object.")
        }
        guard data.count <= DemoApplication.dataLimit else {
            throw .tooLarge(limit: DemoApplication.dataLimit)
        }
        let now = services.now()
        records.take(event, data: data, at: now)
        services.publish(DemoApplication.channel, event, data) { wasTaken in
            reply(.demo(202, json: ["time": now, "published": wasTaken]))
        }
    }
}

/// The fields of a form by name; the first of duplicates counts.
private struct DemoForm {
    private let items: [(name: String, value: String)]

    init?(_ body: [UInt8]) {
        guard let text = String(validating: body, as: UTF8.self),
            let items = try? HTTPTarget.decodeQuery(text)
        else { return nil }
        self.items = items
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }
}

extension HTTPRequest {
    /// Throws if the method is not in the list, which becomes the `Allow` field.
    fileprivate func requireMethod(_ allowed: String) throws(DemoRefusal) {
        guard allowed.split(separator: ", ").contains(Substring(method)) else {
            throw .method(allowed: allowed)
        }
    }

    /// Throws unless this is a POST of that type from the demo's own page, or not from a page.
    ///
    /// A page of another site is recognized by its `Origin`. If its name resolves to this host, it
    /// has the same origin, so host names other than loopback names are refused (DNS rebinding).
    fileprivate func requireOwnPage(contentType: String) throws(DemoRefusal) {
        try requireMethod("POST")
        guard isForLoopbackNameOrAddress, !isCrossOrigin else { throw .foreignOrigin }
        guard fields.hasContentType(contentType) else { throw .contentType(wanted: contentType) }
    }
}
