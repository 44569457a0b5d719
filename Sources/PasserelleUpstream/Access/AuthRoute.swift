// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleNet
package import PasserelleWire

/// The client of the application's own Channels auth route.
///
/// It sends the same form that any Channels client sends (`socket_id` and `channel_name`), always
/// to one URL; redirects are not followed. The caller chooses which credentials to send. An
/// approval counts only if the application's secret signed the socket id of this call, so an
/// earlier answer or another server's answer is not accepted.
package final class AuthRoute {
    /// The time limit of a call, from name resolution to the last byte of the answer.
    package static let timeout: Duration = .seconds(5)
    /// The longest answer that is read, in bytes.
    package static let answerBytes = 65_536

    /// Called when the route fails, at most once a minute, and when it answers again.
    package var onLog: (Note) -> Void = { _ in }

    /// Called with the `Location` of a redirect.
    package var redirected: (String) -> Void = { _ in }

    /// A log entry for the operator of the route.
    package enum Note: Equatable {
        case failing(String)
        case recovered
        /// A reader is admitted without a member, for this reason.
        case unfitUser(String)
        /// The route refuses a call as a cross-site forgery; the call had this `Origin`.
        case refusesAsForged(ForgeryRefusal, origin: String)
    }

    /// The names under which an operator finds the settings that log entries mention.
    ///
    /// The configuration replaces them by the names of its variables.
    package struct SettingNames: Equatable, Sendable {
        /// The application's key and secret.
        package var credentials = "the application's key and secret"
        /// The gateway's own id.
        package var memberID = "the member id"

        /// Creates names that do not depend on a configuration.
        package init() {}
    }

    private enum Problem { case failure, forgery }

    private let loop: EventLoop
    private let url: WebAddress
    private let origin: String
    private let tls: TLSClient?
    private let proxy: HTTPProxy?
    private let signer: Signer
    private let memberID: String
    private let settingNames: SettingNames
    private let timeout: Duration
    private var logThrottle = LogThrottle<Problem>()

    /// Creates a client.
    ///
    /// `tls` is `nil` for plain HTTP, and `proxy` is `nil` for a direct connection. `origin`
    /// defaults to the origin of the route's URL. `memberID` is the gateway's own id. Tests set
    /// `timeout`.
    package init(
        loop: EventLoop, url: WebAddress, tls: TLSClient?,
        proxy: HTTPProxy? = nil, origin: String? = nil, signer: Signer,
        memberID: String, settingNames: SettingNames = SettingNames(),
        timeout: Duration = AuthRoute.timeout
    ) {
        self.loop = loop
        self.url = url
        self.origin = origin ?? url.origin
        self.tls = tls
        self.proxy = proxy
        self.signer = signer
        self.memberID = memberID
        self.settingNames = settingNames
        self.timeout = timeout
    }

    /// Asks whether the bearer of the credentials in `fields` may read a channel.
    package func ask(
        channel: String, showing fields: HTTPFields,
        _ done: @escaping (AuthRouteAnswer) -> Void
    ) {
        let socketID = "\(Random.uint32()).\(Random.uint32())"
        let body = "socket_id=\(socketID)&channel_name=\(HTTPTarget.encode(channel))"
        var request = HTTPRequest(
            method: "POST", target: url.target, fields: fields, body: Array(body.utf8))
        request.fields.set("Host", url.hostField)
        // A browser's POST always has an Origin; many frameworks refuse a form that lacks theirs.
        if !request.fields.contains("Origin") { request.fields.set("Origin", origin) }
        if !request.fields.contains("User-Agent") { request.fields.set("User-Agent", "passerelle") }
        request.fields.set("Accept", "application/json")
        request.fields.set("Content-Type", "application/x-www-form-urlencoded")
        HTTPCall(
            loop: loop, address: url.endpoint, tls: tls, proxy: proxy, request: request,
            timeout: timeout, bodyBytes: Self.answerBytes
        ) { [self] result in
            let answer =
                switch result {
                case .success(let response):
                    AuthRouteAnswer(
                        response, channel: channel, socketID: socketID, signer: signer,
                        memberID: memberID, settingNames)
                case .failure(let error): AuthRouteAnswer(error)
                }
            if case .success(let response) = result {
                noteForgery(response)
                if (300..<400).contains(response.status),
                    let location = response.fields.first("Location")
                {
                    redirected(location)
                }
            }
            note(answer)
            done(answer)
        }
    }

    private func noteForgery(_ response: HTTPResponse) {
        guard let refusal = ForgeryRefusal(response),
            logThrottle.passes(.forgery, now: loop.now) != nil
        else { return }
        onLog(.refusesAsForged(refusal, origin: origin))
    }

    private func note(_ answer: AuthRouteAnswer) {
        if case .admitted(_, let defect?) = answer { onLog(.unfitUser(defect)) }
        guard case .failed(let words) = answer else {
            if logThrottle.end(.failure) { onLog(.recovered) }
            return
        }
        if logThrottle.passes(.failure, now: loop.now) != nil { onLog(.failing(words)) }
    }
}

extension AuthRouteAnswer {
    /// Interprets the answer to a call about a channel and a socket id.
    ///
    /// Only a 200 with a valid signature is an approval. A 4xx is a refusal unless its status is
    /// unrelated to the reader. A redirect is also a refusal: web frameworks redirect visitors
    /// without a session to a login page. It is not followed, so cookies reach no other server.
    ///
    /// `memberID` is the gateway's own id, which no reader may have.
    package init(
        _ response: HTTPResponse, channel: String, socketID: String, signer: Signer,
        memberID: String, _ settingNames: AuthRoute.SettingNames = AuthRoute.SettingNames()
    ) {
        switch response.status {
        case 200:
            self = Self.read(response.body, channel, socketID, signer, memberID, settingNames)
        case 404, 405, 408, 413, 415, 421, 425, 429, 431:
            self = .failed("status \(response.status)")
        case 300..<400 where response.status != 304, 400..<500:
            self = .refused(status: response.status)
        default: self = .failed("status \(response.status)")
        }
    }

    /// Interprets a call that failed without an answer.
    init(_ error: HTTPCallError) {
        self = .failed("\(error)")
    }

    private static func read(
        _ body: [UInt8], _ channel: String, _ socketID: String, _ signer: Signer,
        _ memberID: String, _ settingNames: AuthRoute.SettingNames
    ) -> AuthRouteAnswer {
        guard let object = JSONObject(body), let auth = object.text("auth") else {
            return .failed("status 200 without a JSON object that has auth")
        }
        let channelData = object.text("channel_data")
        guard
            signer.isSigned(auth, socketID: socketID, channel: channel, channelData: channelData)
        else { return .failed("the signature does not match \(settingNames.credentials)") }
        // Channels requires a user on presence channels only.
        let isPresence = (try? ChannelName(channel))?.kind == .presence
        guard isPresence || channelData != nil else { return .admitted(nil) }
        guard let channelData else {
            return .admitted(nil, defect: "the answer has no channel_data")
        }
        guard let member = ChannelMember(channelData: Array(channelData.utf8)) else {
            return .admitted(
                nil,
                defect: isPresence
                    ? "its channel_data is not a JSON object with a user_id of text or digits"
                    : nil)
        }
        do throws(ReaderIdentity.Fault) {
            return .admitted(
                try ReaderIdentity(
                    userID: member.userID, userInfo: member.userInfo, reserved: memberID))
        } catch {
            let defect =
                error == .reserved
                ? "its user_id is \(settingNames.memberID), the gateway's own" : error.words
            return .admitted(.unfit(member.userID), defect: defect)
        }
    }
}

/// A web framework's refusal of a request that it takes for a cross-site request forgery.
package enum ForgeryRefusal: Equatable, Sendable {
    /// The request's `Origin` is not the application's.
    case origin
    /// The request has no valid CSRF token, or not the application's `Origin`.
    case token

    /// The length of the searched part of a body, in bytes.
    private static let searchedBytes = 16_384

    /// The texts that frameworks send, in lower case.
    private static let words: [(kind: ForgeryRefusal, text: [UInt8])] = [
        // SvelteKit and Astro; Go's CrossOriginProtection.
        (.origin, Array("cross-site post form submissions are forbidden".utf8)),
        (.origin, Array("cross-origin request detected".utf8)),
        // Django, and its REST framework.
        (.token, Array("csrf verification failed".utf8)),
        (.token, Array("csrf failed:".utf8)),
        // Rails: the exception's name and its message, and the production page, 422.
        (.token, Array("invalidauthenticitytoken".utf8)),
        (.token, Array("can't verify csrf token authenticity".utf8)),
        (.token, Array("the change you wanted was rejected".utf8)),
        // Laravel and Express.
        (.token, Array("csrf token mismatch".utf8)),
        (.token, Array("invalid csrf token".utf8)),
    ]

    /// Recognizes a refusal by its text, or by status 419, used by Laravel; returns `nil`
    /// for any other answer.
    package init?(_ response: HTTPResponse) {
        guard (400..<500).contains(response.status) else { return nil }
        let body = response.body.prefix(Self.searchedBytes).map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        let found = Self.words.first { body.firstRange(of: $0.text) != nil }
        guard let kind = found?.kind ?? (response.status == 419 ? .token : nil) else { return nil }
        self = kind
    }
}
