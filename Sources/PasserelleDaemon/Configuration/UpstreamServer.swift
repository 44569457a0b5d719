// SPDX-License-Identifier: MIT

/// Where Channels is: one host for WebSocket, one for REST, the same port and scheme for both.
package struct UpstreamServer: Sendable, Equatable {
    /// The host that WebSocket connections go to.
    package var webSocketHost = ""
    /// The host that REST requests go to.
    package var restHost = ""
    /// The port of both.
    package var port = 443
    /// Whether both speak TLS.
    package var isTLS = true

    /// A server that is not said yet.
    package init() {}

    /// The hosted service's machines for `cluster`.
    package static func cluster(_ cluster: String, port: Int?, isTLS: Bool) -> Self {
        var server = Self()
        server.webSocketHost = "ws-\(cluster).pusher.com"
        server.restHost = "api-\(cluster).pusher.com"
        server.isTLS = isTLS
        server.port = port ?? defaultPort(isTLS: isTLS)
        return server
    }

    /// Another server, which takes WebSocket and REST on the same host.
    package static func host(_ host: String, port: Int?, isTLS: Bool) -> Self {
        var server = Self()
        server.webSocketHost = host
        server.restHost = host
        server.isTLS = isTLS
        server.port = port ?? defaultPort(isTLS: isTLS)
        return server
    }

    private static func defaultPort(isTLS: Bool) -> Int { isTLS ? 443 : 80 }
}
