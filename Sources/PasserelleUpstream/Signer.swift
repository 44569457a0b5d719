// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
package import PasserelleWire

/// Signs subscriptions and REST calls with the application's secret.
package struct Signer {
    private let key: String
    private let secret: [UInt8]

    package init(key: String, secret: [UInt8]) {
        self.key = key
        self.secret = secret
    }

    /// Returns the gateway's own subscription to a channel, signed if its kind requires it.
    ///
    /// On a presence channel the member is `memberID`; its `user_info` marks it as the gateway.
    package func subscription(
        channel: String, socketID: String, memberID: String
    ) -> ClientMessage {
        let gateway = ChannelMember(
            userID: memberID, userInfo: Array(#"{"passerelle":true}"#.utf8))
        return subscription(channel: channel, socketID: socketID, member: gateway)
    }

    /// Returns a subscription to a channel, on a presence channel with `member`.
    package func subscription(
        channel: String, socketID: String, member: ChannelMember
    ) -> ClientMessage {
        switch (try? ChannelName(channel))?.kind {
        case .presence:
            let text = String(decoding: member.channelData, as: UTF8.self)
            let auth = auth(socketID: socketID, channel: channel, channelData: text)
            return .subscribe(channel: channel, auth: auth, channelData: text)
        case .private, .encrypted:
            let auth = auth(socketID: socketID, channel: channel, channelData: nil)
            return .subscribe(channel: channel, auth: auth, channelData: nil)
        case .public, .serverToUser, nil:
            return .subscribe(channel: channel, auth: "", channelData: nil)
        }
    }

    /// Returns `KEY:HEX`, the signature of a socket id, a channel and its `channel_data`.
    package func auth(socketID: String, channel: String, channelData: String?) -> String {
        let text = ChannelsSigning.subscription(
            socketID: socketID, channel: channel, channelData: channelData)
        return key + ":" + Hex.encode(Digest.hmacSHA256(key: secret, text))
    }

    /// Returns true if `auth` is the signature of a socket id, a channel and its `channel_data`.
    ///
    /// Takes the same time for all values of one length.
    package func isSigned(
        _ auth: String, socketID: String, channel: String, channelData: String?
    ) -> Bool {
        let ours = self.auth(socketID: socketID, channel: channel, channelData: channelData)
        return ConstantTime.equal(Array(auth.utf8), Array(ours.utf8))
    }

    /// Returns the target of a REST call, with its signature in the query.
    ///
    /// `path` is signed as it is sent. `prefix`, the server's path prefix, is not signed: a reverse
    /// proxy may remove it, and Laravel Reverb and Channels' own libraries leave it out.
    /// `timestamp` is in seconds since 1970. `body_md5` is sent only with a body; some servers
    /// refuse it on GET.
    package func target(
        method: String, prefix: String = "", path: String,
        query: [(name: String, value: String)], body: [UInt8], timestamp: Int64
    ) -> String {
        var parameters = query
        parameters.append(("auth_key", key))
        parameters.append(("auth_timestamp", String(timestamp)))
        parameters.append(("auth_version", "1.0"))
        if !body.isEmpty { parameters.append(("body_md5", Hex.encode(Digest.md5(body)))) }
        let text = ChannelsSigning.request(method: method, path: path, query: parameters)
        parameters.append(("auth_signature", Hex.encode(Digest.hmacSHA256(key: secret, text))))
        let pairs = parameters.map { "\($0.name)=\(HTTPTarget.encode($0.value))" }
        return prefix + path + "?" + pairs.joined(separator: "&")
    }
}
