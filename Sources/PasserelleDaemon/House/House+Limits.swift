// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet

extension House {
    /// Keeps a listener, and says in the log when it cannot accept.
    func add(_ listener: Listener) {
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
