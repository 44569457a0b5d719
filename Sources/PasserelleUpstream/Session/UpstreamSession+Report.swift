// SPDX-License-Identifier: MIT

package import PasserelleWire

extension UpstreamSession {
    /// An occurrence on the connection, for the hub and for monitoring.
    ///
    /// A server's text is one line of at most 300 bytes.
    package enum Report: Equatable {
        /// The connection is established with this socket id.
        case established(socketID: String)
        /// A channel is subscribed; `members` is set on presence channels only.
        case subscribed(channel: String, members: [ChannelMember]?)
        /// A channel is refused; the session retries later.
        case refused(channel: String, status: Int, message: String)
        /// An event arrived; `data` is one JSON value on one line.
        case event(channel: String, name: String, data: [UInt8], userID: String?)
        /// A member joined.
        case memberAdded(channel: String, ChannelMember)
        /// A member left.
        case memberRemoved(channel: String, userID: String)
        /// A pong arrived: the server has sent everything that preceded the ping sent at this time.
        case pong(pingedAt: Duration)
        /// The connection is lost, and with it all subscriptions.
        case lost
        /// The next attempt follows after this delay.
        case waits(Duration, because: Cause)
        /// Channels refuses permanently; reconnecting without a change is useless.
        case rejectedPermanently(code: Int, message: String)
        /// An error message from Channels that does not end the connection.
        case error(code: Int?, message: String)
        /// Channels refuses a client event sent on this connection. It does not identify the event.
        case clientEventRefused(code: Int?, message: String)
    }

    /// The reason that a connection ended or was not established.
    package enum Cause: Equatable {
        /// A close code, from a close frame or from an error before the handshake.
        case code(Int, String)
        /// An error without a code before the handshake.
        case error(String)
        /// The link failed, or ended without a code; the text describes the failure.
        case link(String)
        /// The handshake did not complete in time.
        case handshakeTimeout
        /// The pong did not arrive in time.
        case silence
        /// The connection is too far behind the other one.
        case behind
        /// A protocol violation; the text describes it without quoting the payload.
        case garbage(String)
    }
}

extension UpstreamSession.Cause: CustomStringConvertible {
    /// One clause for a log line.
    package var description: String {
        switch self {
        case .code(let code, ""): "closed with code \(code)"
        case .code(let code, let words): "closed with code \(code): \(words)"
        case .error(let words): "an error instead of the handshake: \(words)"
        case .link(let words): words
        case .handshakeTimeout: "no handshake within \(UpstreamSession.handshakeTimeout)"
        case .silence: "no answer to a ping within \(UpstreamSession.pongTimeout)"
        case .behind: "more than \(UpstreamMerge.byteLimit) bytes behind the other connection"
        case .garbage(let words): "protocol error: \(words)"
        }
    }
}
