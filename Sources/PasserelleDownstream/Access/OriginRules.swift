// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
package import PasserelleWire

/// Decides which host names the gateway serves, and which origins' pages may use it.
///
/// Browsers send both reliably. A page of another site that uses a name resolving to this host (DNS
/// rebinding) is detected by its `Host`, and any other page of another site by its `Origin`.
package struct OriginRules: Equatable, Sendable {
    /// The values of `Host` that are served.
    package enum Hosts: Equatable, Sendable {
        case any
        /// Loopback names and addresses only.
        case loopback
        /// These names, each with its port or with any if it has none, and loopback names.
        case listed(Set<String>)
        /// These names, loopback names, and every numeric address, since a page cannot obtain one
        /// as its name.
        case addresses(Set<String>)
    }

    /// The response fields that pages of allowed origins may read, besides those that every page
    /// may (Fetch §2.2.2).
    private static let exposed = "Age, ETag, Retry-After, WWW-Authenticate"
    /// How long a browser may keep the answer to a preflight; browsers reduce a longer time.
    private static let preflightSeconds = "7200"
    /// The request fields that such pages may set.
    private static let requestFields = [
        "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID", "Passerelle-Refusals",
    ]
    /// The maximum size of an origin in bytes; a scheme, a host name of 253 bytes and a port are
    /// less.
    package static let originBytes = 512

    package var hosts = Hosts.any
    /// Origins of other sites that may read and send, as browsers write them.
    package var origins: Set<String> = []
    /// Further request fields that such pages may set.
    package var fields: [String] = []
    /// The names of the settings that the refusals mention.
    package var settingNames = SettingNames()

    /// Creates rules that allow any host and no other origin.
    package init() {}

    /// Returns the rules of the operators' surface, which allows no other origin.
    static func operators(_ hosts: Hosts, _ settingNames: SettingNames) -> OriginRules {
        var rules = OriginRules()
        rules.hosts = hosts
        rules.settingNames = settingNames
        return rules
    }

    /// Refuses a request for a host that is not served; a request without `Host` is not from a
    /// browser.
    package func checkHost(of request: HTTPRequest) throws(Refusal) {
        guard hosts != .any, let host = request.fields.first("Host")?.lowercased(),
            let name = request.hostName
        else { return }
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
            "This gateway does not serve that host; see \(settingNames.hosts).")
    }

    /// Returns the origin that may read the answer; `nil` if the request is not from another
    /// origin.
    ///
    /// Refuses all other origins. Reading makes the user visible as a member, so that even
    /// unreadable answers have an effect.
    package func crossOrigin(of request: HTTPRequest) throws(Refusal) -> String? {
        guard let written = request.fields.first("Origin") else { return nil }
        if written.utf8.count <= Self.originBytes {
            let origin = written.lowercased()
            // Returned as written: a browser expects exactly that, and extensions may use capitals.
            if origins.contains(origin) { return written }
            if !request.isCrossOrigin { return nil }
        }
        throw Refusal(
            403, "forbidden",
            "Pages of that origin may not use this gateway; see \(settingNames.origins).")
    }

    /// Adds the fields that expose an answer to an origin (Fetch §3.3); credentials are allowed,
    /// hence never a wildcard.
    static func allow(_ origin: String, in fields: inout HTTPFields) {
        fields.set("Access-Control-Allow-Origin", origin)
        fields.set("Access-Control-Allow-Credentials", "true")
        fields.set("Access-Control-Expose-Headers", exposed)
    }

    /// Returns the answer to OPTIONS: the methods, and for a preflight the request fields that a
    /// page may send.
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
}
