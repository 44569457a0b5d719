// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleLog
package import PasserelleUpstream

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
