// SPDX-License-Identifier: MIT
import PasserelleNet
package import PasserelleWire

/// The demo's server half: it serves the page, signs its subscriptions, and sends by Channels' REST.
///
/// It stands where the chat application stands in earnest. It trusts the page about who is writing,
/// so it answers on loopback names and addresses only, and no other site's page.
package struct DemoApplication {
    /// The one lease of the demo.
    package static let channel = "presence-bail-demo"
    /// What the page may have sent: the names of the application's own events.
    static let events = ["new-message", "message-deleted", "new-request", "request-updated"]
    /// The most bytes that Channels takes as the data of one event.
    static let dataLimit = 10_240

    private let key: String
    private let secret: String
    private let wsURL: String
    private let page: DemoPage
    private let publish: (String, String, [UInt8], @escaping (Bool) -> Void) -> Void

    /// Takes the credentials of the sandbox, the URL of its WebSocket side up to `/app`, and what
    /// sends a channel an event with its data, telling once whether Channels took it.
    package init(
        key: String, secret: String, wsURL: String,
        publish: @escaping (String, String, [UInt8], @escaping (Bool) -> Void) -> Void
    ) {
        self.key = key
        self.secret = secret
        self.wsURL = wsURL
        self.publish = publish
        page = DemoPage(wsURL: wsURL)
    }

    /// Answers a request for one of the demo's paths, once; false for any other path.
    package func respond(
        to request: HTTPRequest, _ reply: @escaping (HTTPResponse) -> Void
    ) -> Bool {
        do throws(DemoRefusal) {
            switch request.path {
            case "/":
                try request.takes("GET, HEAD")
                reply(page.response)
            case "/demo/settings":
                try request.takes("GET, HEAD")
                reply(.demo(200, json: settings))
            case "/demo/auth":
                try request.isFromItsOwnPage(contentType: "application/x-www-form-urlencoded")
                reply(.demo(200, json: try authorization(request.body)))
            case "/demo/publish":
                try request.isFromItsOwnPage(contentType: "application/json")
                try send(request.body, reply)
            default:
                return false
            }
        } catch {
            reply(error.response)
        }
        return true
    }

    private var settings: [UInt8] {
        var settings = JSONObject()
        settings.add("key", key)
        settings.add("wsUrl", wsURL)
        settings.add("channel", DemoApplication.channel)
        return settings.bytes
    }

    /// Signs a subscription as an application's auth endpoint does, for the user that the form names.
    private func authorization(_ body: [UInt8]) throws(DemoRefusal) -> [UInt8] {
        let form = DemoForm(body)
        guard let socketID = form?["socket_id"], socketID.isSocketID else {
            throw .malformed("The form is to hold a socket_id of two numbers and a dot.")
        }
        guard form?["channel_name"] == DemoApplication.channel else { throw .unknown("channel") }
        guard let party = DemoParty.all.first(where: { $0.id == form?["user_id"] }) else {
            throw .unknown("user")
        }
        let signed = ChannelsSigning.subscription(
            socketID: socketID, channel: DemoApplication.channel,
            channelData: String(decoding: party.channelData, as: UTF8.self))
        let signature = Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), signed))
        var answer = JSONObject()
        answer.add("auth", "\(key):\(signature)")
        answer.add("channel_data", raw: JSONObject.quote(party.channelData))
        return answer.bytes
    }

    /// Sends what the page asks for, its data byte for byte, and answers when Channels has.
    private func send(
        _ body: [UInt8], _ reply: @escaping (HTTPResponse) -> Void
    ) throws(DemoRefusal) {
        guard let fields = JSONFields(body) else {
            throw .malformed("The body is to be an object.")
        }
        guard let event = fields.text("event"), DemoApplication.events.contains(event) else {
            let names = DemoApplication.events.joined(separator: ", ")
            throw .malformed("The event is to be one of \(names).")
        }
        guard fields.kind("data") == .object, let data = fields.raw("data") else {
            throw .malformed("The data is to be an object.")
        }
        guard data.count <= DemoApplication.dataLimit else {
            throw .tooLarge(limit: DemoApplication.dataLimit)
        }
        publish(DemoApplication.channel, event, data) { wasTaken in
            reply(wasTaken ? .demo(202, json: Array("{}".utf8)) : DemoRefusal.notSent.response)
        }
    }
}

/// A form's items by name, the first of each.
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

extension String {
    /// Whether this is two numbers and a dot, as every `socket_id` is; at most 64 bytes.
    fileprivate var isSocketID: Bool {
        let parts = utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return utf8.count <= 64 && parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (48...57).contains($0) } }
    }
}

extension HTTPRequest {
    /// Refuses a method that is not in the list given, which is `Allow`'s.
    fileprivate func takes(_ allowed: String) throws(DemoRefusal) {
        guard allowed.split(separator: ", ").contains(Substring(method)) else {
            throw .method(allowed: allowed)
        }
    }

    /// Refuses all but a POST of that type by the demo's own page, or by no page at all.
    ///
    /// A page elsewhere is known by its `Origin`. One whose host name has been made to point here
    /// would be of our own origin, so names other than the loopback's are refused (DNS rebinding).
    fileprivate func isFromItsOwnPage(contentType: String) throws(DemoRefusal) {
        try takes("POST")
        let host = (fields.first("Host") ?? "").lowercased()
        guard host.isAddressOrLoopbackName else { throw .foreignOrigin }
        if let origin = fields.first("Origin")?.lowercased() {
            guard origin == "http://\(host)" || origin == "https://\(host)" else {
                throw .foreignOrigin
            }
        }
        let type = (fields.first("Content-Type") ?? "").prefix { $0 != ";" && $0 != " " }
        guard type.lowercased() == contentType else { throw .contentType(wanted: contentType) }
    }
}

extension String {
    /// Whether a `Host` names the loopback, or an address, with or without a port.
    fileprivate var isAddressOrLoopbackName: Bool {
        if hasPrefix("[") { return true }
        let name = prefix { $0 != ":" }
        return name == "localhost" || name.hasSuffix(".localhost")
            || (!name.isEmpty && name.utf8.allSatisfy { $0 == 46 || (48...57).contains($0) })
    }
}
