// SPDX-License-Identifier: MIT

package import PasserelleWire

extension UpstreamSession {
    /// What happened, for the hub and for those who watch.
    ///
    /// A server's own words in it are one line of at most 300 bytes.
    package enum Report: Equatable {
        /// The connection stands under this socket id.
        case established(socketID: String)
        /// A channel is heard; `members` on presence channels only.
        case subscribed(channel: String, members: [ChannelMember]?)
        /// A channel is refused; the session goes on trying.
        case refused(channel: String, status: Int, message: String)
        /// Somebody said something; `data` is one JSON value on one line.
        case event(channel: String, name: String, data: [UInt8], userID: String?)
        /// A user came.
        case memberAdded(channel: String, ChannelMember)
        /// A user went.
        case memberRemoved(channel: String, userID: String)
        /// Nothing is heard any more.
        case lost
        /// The next attempt comes after this delay.
        case waits(Duration, because: Cause)
        /// Channels refuses for good: coming back unchanged is no use.
        case refusedForGood(code: Int, message: String)
        /// A message of Channels' that is worth a line: an error that ends nothing.
        case error(code: Int?, message: String)
    }

    /// Why a connection ended or did not come about.
    package enum Cause: Equatable {
        /// A close code, from a close frame or from an error before the connection stood.
        case code(Int, String)
        /// An error without a code before the connection stood.
        case error(String)
        /// The link failed, or ended without a code; the words say how.
        case link(String)
        /// No handshake in time.
        case handshakeTimeout
        /// No pong in time.
        case silence
        /// It said something that is not of the protocol; the words say what, without content.
        case garbage(String)
    }
}

extension UpstreamSession.Cause: CustomStringConvertible {
    /// One clause for a log line.
    package var description: String {
        switch self {
        case .code(let code, ""): "closed with code \(code)"
        case .code(let code, let words): "closed with code \(code): \(words)"
        case .error(let words): "an error in place of the handshake: \(words)"
        case .link(let words): words
        case .handshakeTimeout: "no handshake within \(UpstreamSession.handshakeTimeout)"
        case .silence: "no answer to a ping within \(UpstreamSession.pongTimeout)"
        case .garbage(let words): "garbage: \(words)"
        }
    }
}
