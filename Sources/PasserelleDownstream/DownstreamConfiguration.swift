// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Configuration of `Downstream`.
package struct DownstreamConfiguration {
    /// The channels that readers may request.
    package var channels: ChannelPatterns
    /// The interval of keep-alive comments on a stream without events.
    package var heartbeat: Duration = .seconds(15)
    /// How long the peer of a full socket may stall before it is disconnected.
    package var stall: Duration = .seconds(60)
    /// The maximum size of a published event's data, in bytes, as Channels accepts it.
    package var publishBytes = 10_240
    /// Client events that readers may send.
    package var clientEvents: Set<String> = ["client-typing"]
    /// How readers are authorized; `nil` if they are not checked.
    package var access: AccessConfiguration?
    /// The host names that the gateway serves, and the origins whose pages may use it.
    package var origins = OriginRules()
    /// The host names that the admin listener serves.
    package var operatorHosts = OriginRules.Hosts.loopback
    /// Further host names for the console only, since only the console is meant for browsers.
    package var consoleHosts = OriginRules.Hosts.loopback
    /// The proxies whose forwarding headers are trusted.
    package var proxies = TrustedProxies()
    /// The rights of each local user on the Unix socket; if `nil`, any user that can connect has
    /// all rights.
    package var lineRights: [UInt32: LineRight]?
    /// True if a request may name its own user (`user=`); only safe if untrusted clients cannot
    /// connect.
    package var acceptsClaims = false
    /// The gateway's own `user_id`, which no reader may use.
    package var memberID = "passerelle"
    /// How long a first answer may wait for a channel to be subscribed.
    package var subscriptionTimeout: Duration = .seconds(5)
    /// True if the tests of the page `/diagnose` are served.
    package var servesDiagnose = false
    /// The limits on clients.
    package var limits = ClientLimits()
    /// The names of the settings that refusals mention.
    package var settingNames = SettingNames()

    /// Default values, for these channels.
    package init(channels: ChannelPatterns) {
        self.channels = channels
    }

    /// The value of `Vary`: the request fields on which readers' answers depend, by their origin
    /// and by the credentials that authorize them.
    var vary: String {
        var names = ["Origin"]
        if let access {
            let tokens = access.tokenKeys.isEmpty ? [] : BearerTokenLocation.fields
            let route = access.asksRoute ? access.routeFields : []
            for name in tokens + route
            where !names.contains(where: { $0.lowercased() == name.lowercased() }) {
                names.append(name)
            }
        }
        return names.joined(separator: ", ")
    }
}
