// SPDX-License-Identifier: MIT

import PasserelleWire

/// `passerelle typing`: says that a user types on a channel, or no longer does.
package struct TypingCommand {
    /// The channel.
    package var channel: String
    /// The user's id.
    package var user: String
    /// `on` or `off`.
    package var state: String

    /// The command that says `state` of `user` on `channel`.
    package init(channel: String, user: String, state: String) {
        self.channel = channel
        self.user = user
        self.state = state
    }

    /// Sends through the gateway whose socket is at `path`, and gives the process's exit code: 0
    /// when it went out, 1 with the gateway's reason, 64 where the state is none.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        guard ["on", "off"].contains(state) else {
            streams.complain("typing is on or off")
            return UsageError.exitCode
        }
        let command = LineCommand.typing(channel: channel, user: user, isTyping: state == "on")
        return Question(command).run(path: path, streams: streams) { _ in nil }
    }
}
