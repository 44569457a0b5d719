// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleLog
import PasserelleDownstream
package import PasserelleUpstream
import PasserelleWire

extension PresenceServices {
    /// Passes the users of Downstream to Upstream, which makes them members.
    ///
    /// Exactly one of `delegation` and `localReaders` is set.
    package init(
        delegation: PresenceDelegate?, localReaders: LocalPresence?, clientEvents: ClientEvents
    ) {
        self.init()
        if let localReaders {
            joined = { localReaders.joined($0, as: $1.userID) }
            left = { localReaders.left($0, as: $1) }
            polled = { localReaders.polled($0, as: $1.userID) }
        }
        revoked = { channel, userID in
            // Events that wait for a membership must not be sent without it.
            clientEvents.revoked(userID, on: channel)
            localReaders?.revoked(userID, on: channel)
            delegation?.revoked(userID, on: channel)
        }
        if let delegation {
            joined = { delegation.joined($0, as: $1.userID, userInfo: $1.userInfo) }
            left = { delegation.left($0, as: $1) }
            polled = { delegation.polled($0, as: $1.userID, userInfo: $1.userInfo) }
        }
        send = clientEvents.send
    }
}

extension DownstreamConfiguration {
    /// Downstream's part of the configuration.
    package init(_ configuration: Configuration) throws(StartError) {
        guard let channels = configuration.channels else {
            throw StartError(description: "\(VariableName.channels) names no channel")
        }
        self.init(channels: channels)
        access = try AccessConfiguration(configuration)
        origins = OriginRules(configuration)
        operatorHosts = configuration.isAdminOpen ? .any : .loopback
        consoleHosts = configuration.isAdminOpen ? .addresses(configuration.hosts) : .loopback
        proxies = configuration.proxies
        servesDiagnose = configuration.servesDiagnose
        limits = configuration.limits
        lineRights = configuration.ipcRights
        heartbeat = configuration.heartbeat
        stall = configuration.stall
        clientEvents = Set(configuration.clientEvents)
        acceptsClaims = configuration.access == .unchecked
        memberID = configuration.memberID
        settingNames = .variables
    }
}

extension Log {
    /// Logs a change of a delegate or of its connection.
    package func note(_ note: PresenceDelegate.Note) {
        switch note {
        case .fellBack(let user, let refusal, let delay):
            let (cause, code, words) =
                switch refusal {
                case .subscription(let status, let words): ("subscription", status, words)
                case .connection(let code, let words): ("connection", code, words)
                }
            warning(
                "a reader is not a member for now: Channels refuses the \(cause)",
                [
                    "channel": user.channel, "user": user.userID, "code": "\(code)",
                    "message": words, "retry_in": delay.settingText,
                ])
        case .fallbackEnded(let ended):
            noteEnd(of: ended)
        case .away(let id, let delay, let cause):
            info(
                "a delegate connection is lost",
                ["connection": "\(id)", "retry_in": delay.settingText, "cause": "\(cause)"])
        case .error(let id, let code, let message, let count):
            warning(
                "Channels reports an error",
                [
                    "connection": "\(id)", "code": code.map(String.init) ?? "none",
                    "message": message, "count": "\(count)",
                ])
        }
    }
}

extension Log {
    /// Logs that Channels refuses client events after their senders received 202.
    package func note(_ note: ClientEvents.RefusalNote) {
        warning(
            "Channels refuses client events that readers send",
            [
                "code": note.code.map(String.init) ?? "none", "message": note.message,
                "count": "\(note.count)",
                "remedy": "enable client events in the application's settings;"
                    + " 'passerelle check' tries one",
            ])
    }

    private func noteEnd(of ended: Fallbacks.Ended) {
        let (message, refusals) = (
            "Channels refuses no reader for this reason any more", "\(ended.refusals)"
        )
        switch ended.kind {
        case .connection(let code):
            info(message, ["refused": "connection", "code": "\(code)", "times": refusals])
        case .subscription(let channel, let status):
            info(
                message,
                [
                    "refused": "subscription", "channel": channel, "code": "\(status)",
                    "times": refusals,
                ])
        }
    }
}
