// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleNet

/// The configuration of the sandbox; every value has a default.
package struct SandboxConfiguration {
    /// The application's id, part of REST paths.
    package var appID = "1001"
    /// The application's public key.
    package var key = "sandbox-key"
    /// The application's secret, used for signatures.
    package var secret = "sandbox-secret"
    /// The address to listen on; the kernel chooses the port if it is 0.
    package var listen = ListenAddress.tcp(host: "127.0.0.1", port: 6001)
    /// The URL of the webhook; `nil`: none.
    package var webhook: WebAddress?
    /// A file of CA certificates for an `https` webhook; `nil`: the system's.
    package var webhookCAFile: String?
    /// Seconds without a message after which a peer sends a ping.
    package var activityTimeout = 120
    /// The time a client has to answer the server's ping before it is closed with 4201.
    package var pongTimeout = Duration.seconds(30)
    /// True if client events are enabled.
    package var clientEvents = true
    /// True if subscribers receive the subscription count of their channel.
    package var subscriptionCounts = false
    /// The maximum number of clients; further ones are closed with 4004.
    package var connectionLimit = 10_000
    /// The maximum number of distinct users of a presence channel.
    package var memberLimit = 100
    /// The lifetime of a cache channel's last event.
    package var cacheLifetime = Duration.seconds(1800)
    /// The delay of a departure's webhook, which is canceled if the client returns meanwhile.
    package var departureDelay = Duration.seconds(3)
    /// The certificate for TLS; `nil`: plain text.
    package var tls: TLSServer?

    /// Creates the default configuration.
    package init() {}
}
