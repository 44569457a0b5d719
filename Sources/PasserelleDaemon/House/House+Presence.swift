// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleUpstream

extension PresenceServices {
    /// What Downstream tells of its users goes to Upstream, which makes them members.
    ///
    /// One of `delegation` and `localReaders` is there.
    init(delegation: Delegation?, localReaders: LocalReaders?, clientEvents: ClientEvents) {
        self.init()
        if let localReaders {
            joined = { localReaders.joined($0, as: $1.userID) }
            left = { localReaders.left($0, as: $1) }
            polled = { localReaders.polled($0, as: $1.userID) }
        }
        if let delegation {
            joined = { delegation.joined($0, as: $1.userID, userInfo: $1.userInfo) }
            left = { delegation.left($0, as: $1) }
            polled = { delegation.polled($0, as: $1.userID, userInfo: $1.userInfo) }
        }
        send = { event, data, channel, userID, done in
            clientEvents.send(event, data: data, on: channel, as: userID) { outcome in
                switch outcome {
                case .sent: done(.sent)
                case .excess(let delay): done(.excess(delay))
                case .unavailable: done(.unavailable)
                case .notYet: done(.notYet)
                }
            }
        }
    }
}

extension DownstreamConfiguration {
    /// What Downstream needs of the configuration.
    init(_ configuration: Configuration) throws(House.StartError) {
        guard let channels = configuration.channels else {
            throw House.StartError(description: "PASSERELLE_CHANNELS names no channel")
        }
        self.init(channels: channels)
        access = try AccessConfiguration(configuration)
        origins = OriginRules(configuration)
        operatorHosts = configuration.isAdminOpen ? .any : .loopback
        consoleHosts = configuration.isAdminOpen ? .addresses(configuration.hosts) : .loopback
        consoleShowsContent = configuration.consoleShowsContent
        proxies = configuration.proxies
        limits = configuration.limits
        lineRights = configuration.ipcRights
        heartbeat = configuration.heartbeat
        stall = configuration.stall
        clientEvents = Set(configuration.clientEvents)
        believesClaims = configuration.access == .unchecked
        memberID = configuration.memberID
    }
}

extension Log {
    /// Says what happened to a delegate or to its connection.
    func note(_ note: Delegation.Note) {
        switch note {
        case .fellBack(let attendee, let refusal, let delay):
            let (cause, code, words) =
                switch refusal {
                case .subscription(let status, let words): ("subscription", status, words)
                case .connection(let code, let words): ("connection", code, words)
                }
            warning(
                "a reader is no member for now: Channels refuses a \(cause)",
                [
                    "channel": attendee.channel, "user": attendee.userID, "code": "\(code)",
                    "message": words, "retry_in": delay.settingText,
                ])
        case .fallbackEnded(let ended):
            noteEnd(of: ended)
        case .away(let id, let delay, let cause):
            info(
                "a delegate's connection is away",
                ["connection": "\(id)", "retry_in": delay.settingText, "cause": "\(cause)"])
        case .error(let id, let code, let message, let count):
            warning(
                "Channels says an error",
                [
                    "connection": "\(id)", "code": code.map(String.init) ?? "none",
                    "message": message, "count": "\(count)",
                ])
        }
    }
}

extension Log {
    private func noteEnd(of ended: Fallbacks.Ended) {
        let (message, refusals) = (
            "nobody is refused for that reason any more", "\(ended.refusals)"
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
