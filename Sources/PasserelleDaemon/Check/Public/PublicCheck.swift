// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// Looks at a running gateway from where its readers are: what comes through the proxies in between,
/// how late, and for how long.
///
/// It says something on no channel but the check's own, and shows nobody's credentials but those that
/// it was given.
final class PublicCheck {
    /// How long an answer may take.
    static let patience: Duration = .seconds(10)
    /// How long a stream may take to say what it says at once.
    static let openingPatience: Duration = .seconds(5)

    let loop: EventLoop
    let configuration: Configuration
    let server: ChannelsServer
    let site: PublicSite
    /// How long a silent stream and a silent poll are watched.
    let watch: Duration
    /// A user's own credentials, where some were given.
    var login: Result<PublicLogin, PublicLogin.Problem>?
    private(set) var findings: [Finding] = []

    /// A check of the gateway that `configuration` is of.
    init(
        loop: EventLoop, configuration: Configuration, server: ChannelsServer, site: PublicSite,
        watch: Duration
    ) {
        self.loop = loop
        self.configuration = configuration
        self.server = server
        self.site = site
        self.watch = watch
    }

    /// Tries everything that can be tried.
    func run() throws -> [Finding] {
        guard try findGateway() else {
            skip(["headers", "access", "stream", "poll"] + Self.idle, "no gateway answers there")
            return findings
        }
        guard let channel = CheckChannel.own(configuration.channels) else {
            let reason =
                "no pattern of PASSERELLE_CHANNELS has a * for a channel of the check's own"
            skip(["access", "stream", "poll"] + Self.idle, reason)
            return findings
        }
        try tryAccess(to: channel)
        try measure(on: channel)
        return findings
    }

    /// What is watched at the end.
    static let idle = ["idle-stream", "idle-poll"]

    func add(_ finding: Finding) { findings.append(finding) }

    /// Says that these were not tried.
    func skip(_ checks: [String], _ reason: String) {
        for check in checks { add(.skipped(check, "\(site.url)", because: reason)) }
    }

    /// A pass of this moment.
    var pass: CheckPass {
        CheckPass(
            secret: configuration.application.secret.bytes, at: loop.wallMilliseconds / 1000)
    }

    /// Sends a request and waits for its answer.
    func answer(
        to request: HTTPRequest
    ) throws -> Result<HTTPResponse, HTTPCallError> {
        var result: Result<HTTPResponse, HTTPCallError>?
        site.call(request, on: loop, within: Self.patience) { result = $0 }
        try loop.turn(for: Self.patience + .seconds(1)) { result != nil }
        return result ?? .failure(.unanswered("no answer"))
    }

    // MARK: - Who answers

    /// Finds out who answers, and what arrives there; true where it is a gateway of ours.
    private func findGateway() throws -> Bool {
        let pass = pass
        let sent = Self.probes(configuration, nonce: pass.nonce)
        var fields = HTTPFields()
        for probe in sent { fields.add(probe.name, probe.field) }
        let query =
            [(name: CheckEcho.passItem, value: pass.text)]
            + sent.map { (name: CheckEcho.fieldItem, value: $0.name) }
        let result = try answer(to: site.get(CheckEcho.path, query, fields: fields))
        let echo = (try? result.get()).flatMap { CheckEcho($0.body, pass: pass) }
        add(.gateway(result, echo, at: site.url))
        guard let echo else { return false }
        add(.headers(sent, echo, pass))
        add(.clients(echo.forwarding))
        return true
    }

    /// A field that is sent, and what of it is to arrive.
    struct Probe {
        let name: String
        let field: String
        let value: String
    }

    /// What readers send that the gateway has to see.
    static func probes(_ configuration: Configuration, nonce: String) -> [Probe] {
        let word = "passerelle-check-\(nonce)"
        var probes = [
            Probe(name: "Cookie", field: "\(CheckEcho.cookie)=\(nonce)", value: nonce),
            Probe(name: "Authorization", field: "Bearer \(word)", value: "Bearer \(word)"),
            Probe(name: "Last-Event-ID", field: word, value: word),
            Probe(name: "If-None-Match", field: "\"\(word)\"", value: "\"\(word)\""),
        ]
        for name in configuration.accessSettings.endpointFields
        where !probes.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            probes.append(Probe(name: name, field: word, value: word))
        }
        return Array(probes.prefix(CheckEcho.fieldLimit))
    }

    // MARK: - Who is admitted

    private func tryAccess(to channel: String) throws {
        let target = site.get("/poll", [("channel", channel)])
        let isPublic = !channel.hasPrefix("presence-") && !channel.hasPrefix("private-")
        let nobody = try answer(to: target)
        add(.stranger(nobody, configuration.access, at: site.url, isPublic: isPublic))
        switch configuration.access {
        case .checked(_, let byToken):
            if byToken { try tryToken(for: channel, target) }
            try tryLogin()
        default: break
        }
    }

    /// Asks for a channel's members, which makes nobody one.
    private func tryLogin() throws {
        guard let login else { return add(.noLogin()) }
        switch login {
        case .failure(let problem): add(.login(problem))
        case .success(let login):
            let path = "/channels/\(HTTPTarget.encode(login.channel))/members"
            add(.login(try answer(to: site.get(path, fields: login.fields))))
        }
    }

    private func tryToken(for channel: String, _ request: HTTPRequest) throws {
        guard case .secret? = configuration.accessSettings.tokenKeys.first,
            let token = try? Self.token(for: channel, configuration, at: loop)
        else {
            return add(
                .skipped(
                    "token", "\(site.url) with a token",
                    because:
                        "PASSERELLE_TOKEN_KEY is a public key, which signs none"))
        }
        var (bearer, cookie) = (request, request)
        bearer.fields.set("Authorization", "Bearer \(token)")
        cookie.fields.set("Cookie", "passerelle=\(token)")
        add(.token(bearer: try answer(to: bearer), cookie: try answer(to: cookie), at: site.url))
    }

    /// A token of a minute for an anonymous reader of one channel.
    private static func token(
        for channel: String, _ configuration: Configuration, at loop: EventLoop
    ) throws -> String? {
        guard let key = try configuration.accessSettings.tokenKeys.first?.key else { return nil }
        let claims = TokenClaims(
            subject: nil, expires: loop.wallMilliseconds / 1000 + 60,
            channels: [try ChannelPattern(channel)])
        let signed = CompactToken.signed(algorithm: key.algorithm.rawValue, claims: claims)
        return key.signature(of: signed).map { CompactToken.text(signed: signed, signature: $0) }
    }
}
