// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleNet
package import PasserelleUpstream

extension Finding {
    /// The finding on the WebSocket connection and the key; `nil` until Channels has answered.
    package static func connection(_ reports: [UpstreamSession.Report], to host: String) -> Finding?
    {
        let tried = "WebSocket to \(host)"
        for report in reports {
            switch report {
            case .established:
                return .ok("connection", tried, "Channels accepts \(VariableName.appKey)")
            case .rejectedPermanently(let code, let message):
                return .failed(
                    "connection", tried, "refused with \(code): " + message,
                    do: PermanentRefusal.remedy(code: code, server: message))
            case .waits(_, let cause):
                return .failed("connection", tried, "\(cause)", do: remedy(cause))
            default: continue
            }
        }
        return nil
    }

    /// The finding on a subscription signed with the secret; `nil` until Channels has answered.
    package static func subscription(
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
        let remedy =
            if words.contains("signature") || words.contains("auth") || status == 401 {
                "\(VariableName.appSecret) does not belong to \(VariableName.appKey): copy both"
                    + " from the application's App Keys page"
            } else if channel.hasPrefix("presence-") {
                "Channels refuses presence channels for this application: check its plan,"
                    + " settings and limits (100 members per channel)"
            } else {
                "check the application's settings, and \(VariableName.channels)"
            }
        return .failed("subscription", channel, found, do: remedy)
    }

    /// The finding on a client event from `sender` to `listener`; `nil` until it was received or
    /// refused.
    package static func clientEvent(
        sender: [UpstreamSession.Report], listener: [UpstreamSession.Report], name: String
    ) -> Finding? {
        let tried = "client event from one connection to another"
        for report in listener {
            if case .event(_, name, _, _) = report {
                return .ok("client-events", tried, "received")
            }
        }
        for report in sender {
            switch report {
            case .clientEventRefused(let code, let message), .error(let code, let message):
                return .failed(
                    "client-events", tried,
                    "refused" + (code.map { " with \($0)" } ?? "") + ": " + message,
                    do: "enable client events on the application's App Settings page; otherwise"
                        + " typing events are lost")
            default: continue
            }
        }
        return nil
    }

    /// The finding that Channels refuses a second connection, described by `words`.
    static func noSecondConnection(_ words: String) -> Finding {
        .warning(
            "connection", "a second WebSocket",
            words + "; the gateway continues with one, whose loss is a gap",
            do: "raise the application's connection limit, or set \(VariableName.upstreams)=1")
    }

    private static func remedy(_ cause: UpstreamSession.Cause) -> String {
        if case .code(let code, let words) = cause {
            return PermanentRefusal.remedy(code: code, server: words)
        }
        return "check \(VariableName.pusherHost) and \(VariableName.pusherPath),"
            + " \(VariableName.pusherOrigin) if the server accepts certain origins only, and that proxies in between support WebSockets"
    }
}

extension Finding {
    /// The findings on the name, the connection and TLS: one for each step that was reached.
    ///
    /// `plain` is how a connection attempt without TLS ended, `nil` if it succeeded; `secure` is
    /// the same with TLS, if TLS is used.
    package static func reaching(
        _ host: String, port: Int, plain: LinkEnd?, secure: LinkEnd??,
        toDo: ConnectionRemedies = .channels
    ) -> [Finding] {
        let place = "\(host):\(port)"
        if let plain, case .resolve(let words) = plain {
            return [
                .failed("dns", host, words, do: toDo.name),
                .skipped("tcp", place, because: "the name has no address"),
            ]
        }
        var findings = [Finding.ok("dns", host, "has an address")]
        if let plain { return findings + [.failed("tcp", place, "\(plain)", do: toDo.way)] }
        findings.append(.ok("tcp", place, "connected"))
        guard let secure else { return findings }
        let tls =
            secure.map { Finding.failed("tls", place, "\($0)", do: toDo.tls) }
            ?? .ok("tls", place, "the certificate is valid for this name")
        return findings + [tls]
    }
}
