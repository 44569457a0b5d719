// SPDX-License-Identifier: MIT
package import PasserelleNet

/// Everything the sandbox can be told before it starts; as it stands it needs nothing else.
package struct SandboxConfiguration {
    /// The application's id, which stands in REST paths.
    package var appID = "1001"
    /// The application's public key.
    package var key = "sandbox-key"
    /// The application's secret, which signs.
    package var secret = "sandbox-secret"
    /// Where it listens; port 0 lets the kernel choose.
    package var listen = ListenAddress.tcp(host: "127.0.0.1", port: 6001)
    /// The URL that web hooks are sent to; `nil` sends none.
    package var webhook: String?
    /// A file of certificates that an `https` web hook is checked against; `nil`: the system's.
    package var webhookCAFile: String?
    /// Seconds of silence after which a side asks the other whether it is still there.
    package var activityTimeout = 120
    /// How long a client may leave the server's ping unanswered before it is closed with 4201.
    package var pongTimeout = Duration.seconds(30)
    /// Whether clients may send client events at all.
    package var clientEvents = true
    /// Whether subscribers are told how many subscriptions their channel has.
    package var subscriptionCounts = false
    /// How many clients may be connected; one more is closed with 4004.
    package var connectionLimit = 10_000
    /// How many distinct users a presence channel holds.
    package var memberLimit = 100
    /// How long a cache channel remembers its last event.
    package var cacheLifetime = Duration.seconds(1800)
    /// How long the web hook of a departure waits for the one who left to come back.
    package var departureDelay = Duration.seconds(3)
    /// The certificate that it serves TLS with; `nil` serves plain text.
    package var tls: TLSServer?

    /// Everything as it is documented.
    package init() {}
}
