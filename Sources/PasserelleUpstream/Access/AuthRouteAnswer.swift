// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// What the application's auth route said of one reader and channel.
package enum AuthRouteAnswer: Equatable {
    /// Yes, signed by us; who the reader is, where the route names a user.
    case admitted(ChannelMember?)
    /// No: 401 or 403.
    case refused(status: Int)
    /// Nothing that decides; the words say what was wrong with it.
    case failed(String)

    /// Reads an answer to a call about a channel with a socket id.
    ///
    /// Only a 200 with a good signature is a yes. A refusal is any other 4xx but those that say
    /// nothing of the reader, and a redirect, by which web frameworks send who is not logged in to
    /// a page: it is never followed, and so cookies go to no other place.
    package init(_ response: HTTPResponse, channel: String, socketID: String, signer: Signer) {
        switch response.status {
        case 200: self = Self.read(response.body, channel, socketID, signer)
        case 401: self = .refused(status: 401)
        case 404, 405, 408, 413, 415, 421, 425, 429, 431:
            self = .failed("status \(response.status)")
        case 300..<400 where response.status != 304, 400..<500: self = .refused(status: 403)
        default: self = .failed("status \(response.status)")
        }
    }

    /// Reads what became of a call that got no answer.
    init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words), .unanswered(let words), .malformed(let words):
            self = .failed(words)
        }
    }

    private static func read(
        _ body: [UInt8], _ channel: String, _ socketID: String, _ signer: Signer
    ) -> AuthRouteAnswer {
        guard let root = try? JSONScanner.document(body.span),
            let auth = JSONScanner.text(
                body.span, JSONScanner.member(body.span, of: root, named: "auth"))
        else { return .failed("status 200 without a JSON object that has auth") }
        let data = JSONScanner.member(body.span, of: root, named: "channel_data")
        let channelData = JSONScanner.text(body.span, data)
        guard
            signer.isSigned(auth, socketID: socketID, channel: channel, channelData: channelData)
        else { return .failed("the signature is not by PUSHER_KEY and PUSHER_SECRET") }
        guard let channelData else {
            let isPresence = (try? ChannelName(channel))?.kind == .presence
            return isPresence ? .failed("a presence channel without channel_data") : .admitted(nil)
        }
        guard let member = ChannelMember(channelData: Array(channelData.utf8)) else {
            return .failed("channel_data without a user_id")
        }
        return .admitted(member)
    }
}
