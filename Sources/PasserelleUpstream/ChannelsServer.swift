// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleNet

/// The application at Channels, and the addresses of the server that hosts it.
package struct ChannelsServer {
    /// The application's id, as in the REST paths.
    package var appID: String
    /// The application's public key.
    package var key: String
    /// The application's secret; it must not be written to any output.
    package var secret: [UInt8]
    /// The address for WebSocket connections.
    package var webSocket: ListenAddress
    /// The address for REST calls.
    package var rest: ListenAddress
    /// The values of `Host` for the two addresses.
    package var webSocketHost: String
    package var restHost: String
    /// The prefix of `/app/…` and `/apps/…` in every path: empty, or `/` and a path.
    package var path = ""
    /// The `Origin` of WebSocket requests; `nil` sends none.
    package var origin: String?
    /// TLS for both; `nil` for plain TCP.
    package var tls: TLSClient?
    /// The proxies for the two addresses; `nil` for a direct connection.
    package var webSocketProxy: HTTPProxy?
    package var restProxy: HTTPProxy?
    /// The gateway's own `user_id` on presence channels.
    package var memberID: String
    /// The gateway's version, sent in the WebSocket request.
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
        func hostField(_ host: String) -> String {
            WebAddress(isTLS: tls != nil, host: host, port: port).hostField
        }
        self.webSocketHost = hostField(webSocketHost)
        self.restHost = hostField(restHost)
        self.tls = tls
        self.memberID = memberID
        self.clientVersion = clientVersion
    }
}
