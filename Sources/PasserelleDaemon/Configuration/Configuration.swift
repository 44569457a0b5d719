// SPDX-License-Identifier: MIT

package import PasserelleDownstream
package import PasserelleNet
package import PasserelleUpstream
package import PasserelleWire

/// What the process was told, checked: every field is as its variable's parser left it.
///
/// Where a variable does not concern the command that runs, its field is as `init()` has it.
package struct Configuration: Sendable {
    /// The application's own server credentials.
    package var application = Application()
    /// The Channels-compatible server.
    package var upstream = UpstreamServer()
    /// Where readers are served; never empty for `serve` and `demo`.
    package var http: [ListenAddress] = []
    /// What its TCP listeners show; nil where they are plain.
    package var certificate: CertificateFiles?
    /// Where metrics and console are served; empty: nowhere.
    package var admin: [ListenAddress] = []
    /// Whether somebody has said so, or it is the default, which others may have taken before.
    package var isAdminSaid = false
    /// Whether other hosts may reach those.
    package var isAdminOpen = false
    /// Whether the console shows what is said.
    package var consoleShowsContent = false
    /// The path of the line protocol's socket: the gateway listens there, its clients connect.
    package var ipc = ""
    /// Which channels may be asked for.
    package var channels: ChannelPatterns?
    /// Channels that stay subscribed with no reader; each is covered by `channels`.
    package var pinned: [ChannelName] = []
    /// How long a channel without readers stays subscribed; zero lets go at once.
    package var linger: Duration = .zero
    /// How readers show who they are; nil where the command admits none.
    package var access: Access?
    /// What goes with `access`.
    package var accessSettings = AccessSettings()
    /// Browser origins allowed across origins, as browsers write them; empty: same origin only.
    package var origins: Set<String> = []
    /// The names that are answered for; empty: any, or loopback names where nobody is checked.
    package var hosts: Set<String> = []
    /// Whose word on where a request comes from is believed.
    package var proxies = TrustedProxies()
    /// What clients may take.
    package var limits = ClientLimits()
    /// Who is a member of the presence channels.
    package var presence: PresenceMode = .observe
    /// The gateway's own `user_id`.
    package var memberID = ""
    /// Each channel's log bounds.
    package var history = HistoryLimits()
    /// The bound on all logs together, in bytes.
    package var memoryBytes = 0
    /// Where the logs and what else must outlive the process are kept; nil: nowhere.
    package var stateDirectory: String?
    /// How often what came reaches the disk.
    package var sync: Duration = .zero
    /// Where the sandbox listens; always loopback.
    package var sandbox: ListenAddress = .tcp(host: "127.0.0.1", port: 0)
    /// Where the sandbox posts webhooks.
    package var sandboxWebhook: WebAddress?
    /// The lowest level that is logged.
    package var logLevel: LogLevel = .info
    /// PEM certificates to trust upstream instead of the system's store.
    package var caFile: String?
    /// The proxy between here and servers that speak TLS, and the hosts that it is not for.
    package var proxy: HTTPProxy?
    package var unproxied = ProxyBypass()
    /// How often a stream that says nothing else says a comment.
    package var heartbeat: Duration = .zero
    /// How long a reader may take nothing before it is cut off.
    package var stall: Duration = .zero
    /// Which events take which others out of the logs.
    package var retractions: [Retraction] = []
    /// Offline notices.
    package var notices = NoticeSettings()
    /// The names of client events that readers may send.
    package var clientEvents: [String] = []
    /// What each user id may do on the Unix socket; nil: everything, whoever the file's mode lets.
    package var ipcRights: [UInt32: LineRight]?
    /// The file mode of the Unix socket.
    package var ipcMode: UInt16 = 0o660
    /// The group of the Unix socket's file; nil: the process's own.
    package var ipcGroup: UInt32?
    /// What to log, as warnings, once there is a log.
    package var warnings: [String] = []

    /// A configuration in which nothing is said yet.
    package init() {}
}
