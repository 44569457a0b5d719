// SPDX-License-Identifier: MIT

package import PasserelleNet

/// The application at Channels, and the server that speaks for it.
package struct ChannelsServer {
    /// The application's id, as in the REST paths.
    package var appID: String
    /// The application's public key.
    package var key: String
    /// The application's secret: signs, and is never written anywhere.
    package var secret: [UInt8]
    /// Where WebSocket connections go.
    package var webSocket: ListenAddress
    /// Where REST calls go.
    package var rest: ListenAddress
    /// The `Host` names that go with the addresses.
    package var webSocketHost: String
    package var restHost: String
    /// TLS for both; `nil` for plain TCP.
    package var tls: TLSClient?
    /// The proxies between here and the two; `nil` where there is none.
    package var webSocketProxy: HTTPProxy?
    package var restProxy: HTTPProxy?
    /// The gateway's own `user_id` on presence channels.
    package var memberID: String
    /// The gateway's own version, which a WebSocket's request names.
    package var clientVersion: String

    package init(
        appID: String, key: String, secret: [UInt8], webSocketHost: String, restHost: String,
        port: Int, tls: TLSClient?, memberID: String, clientVersion: String
    ) {
        self.appID = appID
        self.key = key
        self.secret = secret
        self.webSocket = .tcp(host: webSocketHost, port: port)
        self.rest = .tcp(host: restHost, port: port)
        self.webSocketHost = Self.hostField(webSocketHost, port: port, isTLS: tls != nil)
        self.restHost = Self.hostField(restHost, port: port, isTLS: tls != nil)
        self.tls = tls
        self.memberID = memberID
        self.clientVersion = clientVersion
    }

    /// The `Host` field: a default port is left out (RFC 9110 §7.2).
    private static func hostField(_ host: String, port: Int, isTLS: Bool) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }
}
