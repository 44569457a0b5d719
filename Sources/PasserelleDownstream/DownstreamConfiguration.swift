// SPDX-License-Identifier: MIT

package import PasserelleWire

/// What Downstream is told by whoever builds the house.
package struct DownstreamConfiguration {
    /// Which channels may be asked for.
    package var channels: ChannelPatterns
    /// How often a stream is written to though nothing is said.
    package var heartbeat: Duration = .seconds(15)
    /// How long the peer of a full socket may take nothing before it is let go.
    package var stall: Duration = .seconds(60)
    /// Bytes of data that an event to be published may have: what Channels accepts.
    package var publishBytes = 10_240
    /// Client events that readers may send.
    package var clientEvents: Set<String> = ["client-typing"]
    /// How readers show who they are; `nil` where nobody checks.
    package var access: AccessConfiguration?
    /// Which names the gateway answers for, and pages of which origins may use it.
    package var origins = OriginRules()
    /// Which names the gateway answers for where operators are served.
    package var operatorHosts = OriginRules.Hosts.loopback
    /// Which names the console answers for, beyond that: browsers come to it, unlike to the rest.
    package var consoleHosts = OriginRules.Hosts.loopback
    /// Whether the console shows what is said, and what is said of members.
    package var consoleShowsContent = false
    /// How often an open console is told how things are.
    package var consoleInterval: Duration = .seconds(1)
    /// Whose word on where a request comes from is believed.
    package var proxies = TrustedProxies()
    /// What each user may do on the Unix socket; `nil`: everything, whoever gets to it.
    package var lineRights: [UInt32: LineRight]?
    /// Whether a request may say itself whose it is (`user=`): only where nobody else can ask.
    package var believesClaims = false
    /// The gateway's own `user_id`, which is nobody else's.
    package var memberID = "passerelle"
    /// How long a first answer may wait for a channel to be heard.
    package var patience: Duration = .seconds(5)
    /// What clients may take.
    package var limits = ClientLimits()

    /// The defaults, for these channels.
    package init(channels: ChannelPatterns) {
        self.channels = channels
    }
}
