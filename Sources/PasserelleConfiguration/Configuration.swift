// SPDX-License-Identifier: MIT

package import PasserelleDownstream
package import PasserelleHTTP
package import PasserelleHub
package import PasserelleLog
package import PasserelleNet
package import PasserelleNotices
package import PasserelleUpstream
package import PasserelleWire

/// The configuration of the process, checked: each field has been parsed and is in range.
///
/// If a variable does not concern the running command, its field keeps the value of `init()`.
package struct Configuration: Sendable {
    /// The application's credentials.
    package var application = Application()
    /// The Channels-compatible server.
    package var upstream = UpstreamServer()
    /// The HTTP listeners for readers; never empty for `serve` and `demo`.
    package var http: [ListenAddress] = []
    /// The certificate of the TCP listeners in `http`; `nil` if they do not use TLS.
    package var certificate: CertificateFiles?
    /// The listeners of metrics and console; empty if there are none.
    package var admin: [ListenAddress] = []
    /// True if `PASSERELLE_ADMIN` was set explicitly.
    ///
    /// If not, a default address in use is not fatal.
    package var isAdminExplicit = false
    /// True if `admin` may be reachable from other hosts.
    package var isAdminOpen = false
    /// True if the console shows the content of messages.
    package var consoleShowsContent = false
    /// True if the page `/diagnose` is served.
    package var servesDiagnose = true
    /// The path of the line protocol's Unix socket, for the gateway and its clients.
    package var ipc = ""
    /// The channels that readers can request.
    package var channels: ChannelPatterns?
    /// Channels that stay subscribed without readers; each matches `channels`.
    package var pinned: [ChannelName] = []
    /// How long a channel without readers stays subscribed; zero unsubscribes at once.
    package var linger: Duration = .zero
    /// How readers are authenticated; `nil` if the command has no readers.
    package var access: Access?
    /// The settings of the auth route and of tokens.
    package var accessSettings = AccessSettings()
    /// The allowed cross-origin `Origin` values, as browsers write them; empty: same origin only.
    package var origins: Set<String> = []
    /// The accepted `Host` values; empty: any, or loopback names if `access` is `unchecked`.
    package var hosts: Set<String> = []
    /// The proxies that are trusted to report the address of a client.
    package var proxies = TrustedProxies()
    /// The limits on clients.
    package var limits = ClientLimits()
    /// Which users become members of presence channels.
    package var presence: PresenceMode = .observe
    /// The gateway's own `user_id`.
    package var memberID = ""
    /// The limits of each channel's log.
    package var history = LogLimits()
    /// The limit on all logs and member data together, in bytes.
    package var memoryBytes = 0
    /// The limit on one member's `user_info`, in bytes.
    package var memberBytes = 16_384
    /// The directory of the journal and other persistent state; `nil`: memory only.
    package var stateDirectory: String?
    /// The maximum time span of the logs that a power failure can lose.
    package var sync: Duration = .zero
    /// The address of the sandbox; always loopback.
    package var sandbox: ListenAddress = .tcp(host: "127.0.0.1", port: 0)
    /// The URL to which the sandbox posts webhooks.
    package var sandboxWebhook: WebAddress?
    /// The lowest level that is logged.
    package var logLevel: LogLevel = .info
    /// The file of PEM certificates to trust instead of the system's store.
    package var caFile: String?
    /// The proxy for outgoing TLS connections, and the hosts that bypass it.
    package var proxy: HTTPProxy?
    package var proxyBypass = ProxyBypass()
    /// The interval of keep-alive comments on a silent stream.
    package var heartbeat: Duration = .zero
    /// How long a stalled reader is kept before its connection is closed.
    package var stall: Duration = .zero
    /// The number of connections to Channels that receive every channel: 1 or 2.
    package var upstreams = 1
    /// The rules by which an event retracts earlier ones.
    package var retractions: [RetractionRule] = []
    /// The path of the application's own sequence number in an event's data: member names from the
    /// outermost in; empty if it has none.
    package var sequencePath: [String] = []
    /// The settings of notices about absent recipients.
    package var notices = NoticeSettings()
    /// The names of client events that readers may send.
    package var clientEvents: [String] = []
    /// The rights of each user id on the Unix socket; `nil`: all rights, for every user that the
    /// file mode admits.
    package var ipcRights: [UInt32: LineRight]?
    /// The file mode of the Unix socket.
    package var ipcMode: UInt16 = 0o660
    /// The group of the Unix socket's file; nil: the process's own.
    package var ipcGroup: UInt32?
    /// Warnings to log once the log exists.
    package var warnings: [String] = []
    /// Findings for `check`.
    package var notes: [ConfigurationNote] = []
}

/// How readers are authenticated.
package enum Access: Sendable, Equatable {
    /// Not at all (`none`); allowed on loopback and Unix listeners only.
    case unchecked
    /// By the application's auth route (`endpoint`), a token (`token`), or either.
    case checked(byEndpoint: Bool, byToken: Bool)
}

/// The settings of the auth route and of tokens.
package struct AccessSettings: Sendable, Equatable {
    /// The application's auth route.
    package var endpoint: WebAddress?
    /// The application's origin; `nil` to use the origin of `endpoint`.
    package var origin: String?
    /// The names of the request header fields that are forwarded to the auth route.
    package var endpointFields: [String] = []
    /// The interval after which an authorization is rechecked while its reader stays open.
    package var recheck: Duration = .zero
    /// How long authorized readers stay open while the auth route fails.
    package var grace: Duration = .zero
    /// The keys that verify tokens: one, or two during a key rotation.
    package var tokenKeys: [TokenKey] = []
    /// The value that a token's `aud` must contain; `nil` if `aud` is not checked.
    package var tokenAudience: String?
    /// True if a token is accepted in the query, as `access_token=`.
    package var acceptsQueryTokens = false
}

/// The credentials of a Channels application.
package struct Application: Sendable, Equatable {
    /// The application's id, as in REST paths.
    package var id = ""
    /// The public key.
    package var key = ""
    /// The secret that signs subscriptions and REST requests.
    package var secret = Secret("")
}

/// The PEM files of the TLS certificate of the TCP HTTP listeners.
package struct CertificateFiles: Equatable, Sendable {
    /// The path of the certificate chain, which begins with the server's own certificate.
    package let certificate: String
    /// The path of the private key, which must not be encrypted.
    package let key: String
}

/// The settings of notices about absent recipients.
package struct NoticeSettings: Sendable {
    /// Inngest's event key; `nil` disables notices.
    package var key: Secret?
    /// The address of Inngest; its path precedes `/e/`.
    package var address = WebAddress(isTLS: true, host: "inn.gs", port: 443, target: "/")
    /// The rules that select recipients and form the notices.
    package var rules = NoticeConfiguration()
}

/// Which users become members of presence channels.
package enum PresenceMode: String, Sendable {
    /// The gateway, and each authenticated reader by delegated membership.
    case delegate
    /// The gateway only.
    case observe
}

/// The address of Channels: a host for WebSocket and one for REST, with the same port and scheme.
package struct UpstreamServer: Sendable, Equatable {
    /// The host of WebSocket connections.
    package var webSocketHost = ""
    /// The host of REST requests.
    package var restHost = ""
    /// The port of both.
    package var port = 443
    /// True if both use TLS.
    package var isTLS = true

    /// The prefix of `/app/…` and `/apps/…`: empty, or `/` and a path.
    package var path = ""
    /// The `Origin` of WebSocket connections; `nil` sends none.
    package var origin: String?

    /// Returns the hosted service's servers of `cluster`.
    package static func cluster(_ cluster: String, port: Int?, isTLS: Bool) -> Self {
        Self(
            webSocketHost: "ws-\(cluster).pusher.com", restHost: "api-\(cluster).pusher.com",
            port: port ?? defaultPort(isTLS: isTLS), isTLS: isTLS)
    }

    /// Returns another server, with WebSocket and REST on the same host.
    package static func host(_ host: String, port: Int?, isTLS: Bool) -> Self {
        Self(
            webSocketHost: host, restHost: host, port: port ?? defaultPort(isTLS: isTLS),
            isTLS: isTLS)
    }

    private static func defaultPort(isTLS: Bool) -> Int { isTLS ? 443 : 80 }
}

/// A finding that only `check` reports, because it does not affect this process.
package struct ConfigurationNote: Equatable, Sendable {
    /// The file and line, or the variable.
    package let subject: String
    /// The finding; never contains a secret.
    package let text: String
    /// The remedy.
    package let remedy: String
    /// True if it is probably harmful; otherwise it is for information only.
    package var isWarning = false
}

extension HubConfiguration {
    /// The part of the configuration that concerns the hub.
    package init(_ configuration: Configuration) {
        self.init()
        log = configuration.history
        totalBytes = configuration.memoryBytes
        memberInfoBytes = configuration.memberBytes
        linger = configuration.linger
        hiddenMember = configuration.memberID
        pinned = configuration.pinned.map(\.text)
    }
}

extension Configuration {
    /// Returns the TLS client with the authorities of the CA file, or the system's; `nil` for a
    /// server without TLS.
    package func tlsClient(isTLS: Bool) throws(StartError) -> TLSClient? {
        guard isTLS else { return nil }
        do {
            return try TLSClient(caFile: caFile)
        } catch {
            throw StartError(setting: "PASSERELLE_CA_FILE: \(error)")
        }
    }

    /// Returns the proxy for connections to a server, or `nil` if they are direct.
    package func proxy(for host: String, port: Int, isTLS: Bool) -> HTTPProxy? {
        isTLS && !proxyBypass.covers(host: host, port: port) ? proxy : nil
    }
}

extension ChannelsServer {
    /// Creates the server from the configuration; reads the CA file, if one is set.
    package init(_ configuration: Configuration) throws(StartError) {
        let upstream = configuration.upstream
        self.init(
            appID: configuration.application.id, key: configuration.application.key,
            secret: configuration.application.secret.bytes,
            webSocketHost: upstream.webSocketHost, restHost: upstream.restHost,
            port: upstream.port, tls: try configuration.tlsClient(isTLS: upstream.isTLS),
            memberID: configuration.memberID,
            clientVersion: Version.text)
        path = upstream.path
        origin = upstream.origin
        webSocketProxy = configuration.proxy(
            for: upstream.webSocketHost, port: upstream.port, isTLS: upstream.isTLS)
        restProxy = configuration.proxy(
            for: upstream.restHost, port: upstream.port, isTLS: upstream.isTLS)
    }
}
