// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleDownstream
package import PasserelleLog
package import PasserelleNet
import PasserelleWire

extension Gateway {
    /// The refusal of clients if there is no descriptor for them.
    private static let tooMany = Refusal.unavailable(
        "too-many-connections", "Too many connections; retry later.",
        retryAfter: 10)

    /// Adds a listener, and logs an error when it cannot accept connections.
    ///
    /// `name` is the name that systemd would give its socket.
    package func add(_ listener: Listener, isHTTP: Bool, name: String = "http") {
        let line = LineReply.error(code: "rate-limited", message: Self.tooMany.message).encoded()
        listener.refusal = { [unowned self] received in
            isHTTP ? downstream.http.refusal(to: received, Self.tooMany) : line
        }
        listener.onExhausted = { [log] in
            log.error(
                "no descriptor or memory is left: new connections are refused, readers stay;"
                    + " raise LimitNOFILE= or lower \(VariableName.maxConnections)")
        }
        listener.name = name
        listeners.append(listener)
    }

    /// The number of connections refused because no descriptor or memory was left.
    package var exhaustions: Int { listeners.reduce(0) { $0 + $1.exhaustions } }
}

extension Log {
    /// Logs that a client reached a limit, with the remedy.
    package func note(_ limit: Limit, reachedBy client: PeerAddress) {
        let fields: KeyValuePairs = [
            "limit": limit.variable.rawValue, "client": client.host ?? "local",
        ]
        switch limit {
        case .stall: return info("client disconnected: it does not read its output", fields)
        case .answerTime:
            return info("client disconnected: it reads an answer too slowly", fields)
        case .output:
            return warning(
                "too much output waits for slow clients: those with the most are disconnected",
                fields)
        default: break
        }
        let byAddress: [Limit] = [
            .addressConnections, .addressStreams, .addressDiagnoses, .requestRate,
            .addressAuthQueue, .clientChannels,
        ]
        let isByAddress = byAddress.contains(limit)
        let effect =
            limit == .operatorConnections
            ? "the longest idle connection is closed" : "clients are refused"
        warning(
            "a limit is reached, \(effect)"
                + (isByAddress
                    ? "; if the client is a proxy, list it in \(VariableName.trustedProxies)" : ""),
            fields)
    }
}

extension Configuration {
    /// Raises the limit of descriptors, and lowers the number of connections to fit it; returns a
    /// log message if it was lowered.
    package mutating func fitDescriptors() -> String? {
        let descriptors = DescriptorLimit.raise()
        guard limits.fit(descriptors: descriptors) else { return nil }
        return "\(VariableName.maxConnections) is lowered to \(limits.connections): the limit is"
            + " \(descriptors) descriptors (LimitNOFILE=, ulimit -n)"
    }
}
