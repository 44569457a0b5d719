// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// Decides which names the gateway answers for, and pages of which origins may use it.
///
/// A browser says both and lies about neither. A page elsewhere whose name was made to point here
/// (DNS rebinding) is known by its `Host`, any other page elsewhere by its `Origin`.
package struct OriginRules: Equatable, Sendable {
    /// Which `Host` is answered.
    package enum Hosts: Equatable, Sendable {
        case any
        /// Loopback names and addresses alone.
        case loopback
        /// These, each with the port it names or with any, and those of the loopback.
        case listed(Set<String>)
        /// These likewise, and every address: no name that a page could have made for itself.
        case addresses(Set<String>)
    }

    /// What pages of allowed origins may do and see across origins.
    private static let exposed = "ETag, Retry-After"
    private static let preflightSeconds = "600"
    private static let requestFields = [
        "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID",
    ]

    package var hosts = Hosts.any
    /// Origins of other pages that may read and send, as browsers write them.
    package var origins: Set<String> = []
    /// Further fields that such pages may set.
    package var fields: [String] = []

    /// Any host, and no other origin.
    package init() {}

    /// What holds where operators are served: no page elsewhere has any business there.
    static func operators(_ hosts: Hosts) -> OriginRules {
        var rules = OriginRules()
        rules.hosts = hosts
        return rules
    }

    /// Refuses a request for a name that is not ours; one without a name is no browser's.
    package func checkHost(of request: HTTPRequest) throws(Refusal) {
        guard hosts != .any, let host = request.fields.first("Host")?.lowercased() else { return }
        let name = Self.name(of: host)
        if ListenAddress.isLoopbackHost(name) { return }
        switch hosts {
        case .any, .loopback: break
        case .listed(let names):
            if names.contains(host) || names.contains(name) { return }
        case .addresses(let names):
            if names.contains(host) || names.contains(name) { return }
            if PeerAddress(numericHost: name, port: 0) != nil { return }
        }
        throw Refusal(
            421, "misdirected",
            "This gateway does not answer for that host; PASSERELLE_HOSTS says for which.")
    }

    /// The origin of a page elsewhere that may have the answer; `nil` where no page elsewhere asks.
    ///
    /// Refuses all others: who reads is seen to be there, so that reading is more than a look.
    package func crossOrigin(of request: HTTPRequest) throws(Refusal) -> String? {
        guard let origin = request.fields.first("Origin")?.lowercased() else { return nil }
        if origins.contains(origin) { return origin }
        let host = request.fields.first("Host")?.lowercased()
        if let host, origin == "http://" + host || origin == "https://" + host { return nil }
        throw Refusal(
            403, "forbidden",
            "Pages of that origin may not use this gateway; PASSERELLE_ORIGINS says which may.")
    }

    /// Adds what lets a page of that origin have an answer (Fetch §3.3): credentials among it, and
    /// so never a wildcard.
    static func allow(_ origin: String, in fields: inout HTTPFields) {
        fields.set("Access-Control-Allow-Origin", origin)
        fields.set("Access-Control-Allow-Credentials", "true")
        fields.set("Access-Control-Expose-Headers", exposed)
        fields.set("Vary", "Origin")
    }

    /// The answer to OPTIONS: the methods, and to a preflight what a page may send.
    func options(_ request: HTTPRequest, allowed: String) -> HTTPResponse {
        var response = HTTPResponse.options(allowed)
        if request.fields.contains("Access-Control-Request-Method") {
            response.fields.set("Access-Control-Allow-Methods", allowed)
            let names = Self.requestFields + fields.filter { !Self.requestFields.contains($0) }
            response.fields.set("Access-Control-Allow-Headers", names.joined(separator: ", "))
            response.fields.set("Access-Control-Max-Age", Self.preflightSeconds)
        }
        return response
    }

    /// The host without its port, and without the brackets of an IPv6 address.
    private static func name(of host: String) -> String {
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" })
    }
}
