// SPDX-License-Identifier: MIT

import PasserelleUpstream
import PasserelleWire

extension Finding {
    /// What a WebSocket connection says of the key; nothing until it says anything.
    static func connection(_ reports: [UpstreamSession.Report], to host: String) -> Finding? {
        let tried = "WebSocket to \(host)"
        for report in reports {
            switch report {
            case .established: return .ok("connection", tried, "Channels knows PUSHER_KEY")
            case .refusedForGood(let code, let message):
                return .failed(
                    "connection", tried, "refused with \(code): " + message,
                    do: remedy(code))
            case .waits(_, let cause):
                return .failed("connection", tried, "\(cause)", do: remedy(cause))
            default: continue
            }
        }
        return nil
    }

    /// What Channels said to a subscription with our signature; nothing until it says anything.
    static func subscription(
        _ reports: [UpstreamSession.Report], to channel: String
    ) -> Finding? {
        for report in reports {
            switch report {
            case .subscribed(channel, let members):
                let words = members.map { "subscribed; members: \($0.count)" } ?? "subscribed"
                return .ok("subscription", channel, words)
            case .refused(channel, let status, let message):
                return refused(channel, "refused with \(status): \(message)", status, message)
            default: continue
            }
        }
        return nil
    }

    private static func refused(
        _ channel: String, _ found: String, _ status: Int, _ message: String
    ) -> Finding {
        let words = message.lowercased()
        guard !words.contains("signature"), !words.contains("auth"), status != 401 else {
            return .failed(
                "subscription", channel, found,
                do: "PUSHER_SECRET is not that of PUSHER_KEY: copy both from the application's"
                    + " App Keys page")
        }
        let isPresence = channel.hasPrefix("presence-")
        return .failed(
            "subscription", channel, found,
            do: isPresence
                ? "Channels does not let this application have presence channels now: see its"
                    + " plan, settings and limits (100 members a channel)"
                : "see the application's settings, and PASSERELLE_CHANNELS")
    }

    /// What became of a client event that one connection sent and another was to hear; nothing
    /// until something did.
    static func clientEvent(
        sender: [UpstreamSession.Report], listener: [UpstreamSession.Report], name: String
    ) -> Finding? {
        let tried = "client event from one connection to another"
        for report in listener {
            if case .event(_, name, _, _) = report { return .ok("client-events", tried, "heard") }
        }
        for report in sender {
            guard case .error(let code, let message) = report else { continue }
            let found = "refused" + (code.map { " with \($0)" } ?? "") + ": " + message
            return .failed(
                "client-events", tried, found,
                do: "enable client events on the application's App Settings page, or typing is"
                    + " lost")
        }
        return nil
    }

    private static func remedy(_ code: Int) -> String {
        switch code {
        case 4000: "set PUSHER_SCHEME=https"
        // What the hosted service says of a key of another cluster, and of one that is nobody's.
        case 4001, 4009:
            "PUSHER_KEY is none of PUSHER_CLUSTER (or PUSHER_HOST): copy both from the application's"
                + " App Keys page"
        case 4003: "enable the application again"
        case 4004: "the application has too many connections: see its plan"
        default: "check PUSHER_HOST and PUSHER_CLUSTER"
        }
    }

    private static func remedy(_ cause: UpstreamSession.Cause) -> String {
        if case .code(let code, _) = cause { return remedy(code) }
        return "check PUSHER_HOST, and that proxies between here and there let WebSockets pass"
    }
}
