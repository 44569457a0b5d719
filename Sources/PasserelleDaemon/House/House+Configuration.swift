// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

extension HubConfiguration {
    /// What the hub needs of the configuration.
    init(_ configuration: Configuration) {
        self.init()
        log = LogLimits(
            events: configuration.history.events, bytes: configuration.history.bytes,
            age: configuration.history.age)
        totalBytes = configuration.memoryBytes
        linger = configuration.linger
        hiddenMember = configuration.memberID
        pinned = configuration.pinned.map(\.text)
    }
}

extension Configuration {
    /// The proxy that stands between here and a server; nil where it is reached directly.
    func proxy(for host: String, port: Int, isTLS: Bool) -> HTTPProxy? {
        isTLS && !unproxied.covers(host: host, port: port) ? proxy : nil
    }
}

extension ChannelsServer {
    /// What Upstream needs of the configuration; reads the file of authorities, if one is named.
    init(_ configuration: Configuration) throws(House.StartError) {
        let upstream = configuration.upstream
        var tls: TLSClient?
        if upstream.isTLS {
            do {
                tls = try TLSClient(caFile: configuration.caFile)
            } catch {
                throw House.StartError(setting: "PASSERELLE_CA_FILE: \(error)")
            }
        }
        self.init(
            appID: configuration.application.id, key: configuration.application.key,
            secret: configuration.application.secret.bytes,
            webSocketHost: upstream.webSocketHost, restHost: upstream.restHost,
            port: upstream.port, tls: tls, memberID: configuration.memberID,
            clientVersion: Version.text)
        webSocketProxy = configuration.proxy(
            for: upstream.webSocketHost, port: upstream.port, isTLS: upstream.isTLS)
        restProxy = configuration.proxy(
            for: upstream.restHost, port: upstream.port, isTLS: upstream.isTLS)
    }
}
