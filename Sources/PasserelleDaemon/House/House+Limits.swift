// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleWire

extension House {
    /// What HTTP clients and lines hear while there is no descriptor for them.
    private static var farewell: (http: [UInt8], line: [UInt8]) {
        let message = "There are as many connections as there may be; come back."
        let refusal = Refusal.unavailable("too-many-connections", message, retryAfter: 10)
        return (
            HTTPWriter.response(refusal.response, version: .http11, keepAlive: false),
            LineReply.error(code: "rate-limited", message: message).encoded()
        )
    }

    /// Keeps a listener, and says in the log when it cannot accept.
    func add(_ listener: Listener, isHTTP: Bool) {
        listener.farewell = isHTTP ? Self.farewell.http : Self.farewell.line
        listener.exhausted = { [log] in
            log.error(
                "no descriptor or memory is left: new connections are shut out, readers stay;"
                    + " raise LimitNOFILE= or lower PASSERELLE_MAX_CONNECTIONS")
        }
        listeners.append(listener)
    }

    /// How often a connection was shut out since no descriptor or memory was left.
    var exhaustions: Int { listeners.reduce(0) { $0 + $1.exhaustions } }
}

extension Log {
    /// Says that a limit stands against clients, and what to do where it should not.
    func note(_ limit: Limit, reachedBy client: PeerAddress) {
        let isByAddress = [.addressConnections, .addressStreams, .requestRate].contains(limit)
        warning(
            "a limit is reached, clients are refused"
                + (isByAddress
                    ? "; where it is a proxy's, PASSERELLE_TRUSTED_PROXIES names it" : ""),
            ["limit": limit.rawValue, "client": client.host ?? "local"])
    }
}

extension Configuration {
    /// Raises the limit of descriptors, and cuts the number of connections to what it leaves.
    mutating func fitDescriptors() -> String? {
        let descriptors = DescriptorLimit.raise()
        guard limits.fit(descriptors: descriptors) else { return nil }
        return "PASSERELLE_MAX_CONNECTIONS is cut to \(limits.connections): the process may have"
            + " \(descriptors) descriptors (LimitNOFILE=, ulimit -n)"
    }
}
