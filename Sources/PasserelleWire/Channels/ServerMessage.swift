// SPDX-License-Identifier: MIT

/// What a Channels server says to a client.
package enum ServerMessage: Equatable, Sendable {
    /// The first message; `activityTimeout` in seconds, nil where the server names none above zero.
    case connectionEstablished(socketID: String, activityTimeout: Int?)
    /// Something is wrong; before the first message the code is to be read as a close code.
    case error(code: Int?, message: String)
    /// The server wants a pong.
    case ping
    /// The answer to a ping.
    case pong
    /// A subscription stands; `members` only for presence channels.
    case subscriptionSucceeded(channel: String, members: [ChannelMember]?)
    /// A user came into a presence channel.
    case memberAdded(channel: String, ChannelMember)
    /// A user left a presence channel.
    case memberRemoved(channel: String, userID: String)
    /// A subscription was refused; `status` is 0 where the server names none.
    case subscriptionError(channel: String, status: Int, message: String)
    /// How many connections are subscribed to a channel.
    case subscriptionCount(channel: String, Int)
    /// A cache channel has nothing to replay.
    case cacheMiss(channel: String)
    /// The user is signed in; `userData` is the string that was signed.
    case signInSucceeded(userData: String)
    /// An event of the application or of another client; `data` is JSON on one line.
    case event(channel: String?, name: String, data: [UInt8], userID: String?)
    /// A message of Channels' own that means nothing to us.
    case ignored(name: String)
}
