// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleDaemon
import PasserelleDownstream
package import PasserelleHTTP
package import PasserelleNet
package import PasserelleUpstream
package import PasserelleWire

/// Checks a running gateway from outside: which bytes pass the proxies in between, with which
/// delay, and for how long idle connections stay open.
///
/// It publishes only on the check's own channel, and sends only the credentials it was given.
package final class PublicCheck {
    /// The time limit of an answer.
    package static let timeout: Duration = .seconds(10)
    /// The time limit of a stream's first events.
    package static let openTimeout: Duration = .seconds(5)

    package let loop: EventLoop
    package let configuration: Configuration
    package let server: ChannelsServer
    package let site: PublicSite
    /// How long an idle stream and an idle poll are watched.
    package let watch: Duration
    /// A user's credentials, if given.
    package var login: Result<PublicLogin, PublicLogin.Problem>?
    package private(set) var findings: [Finding] = []

    /// Creates a check of the gateway with this `configuration`.
    package init(
        loop: EventLoop, configuration: Configuration, server: ChannelsServer, site: PublicSite,
        watch: Duration
    ) {
        self.loop = loop
        self.configuration = configuration
        self.server = server
        self.site = site
        self.watch = watch
    }

    /// Runs every check that can be run.
    package func run() throws -> [Finding] {
        guard try findGateway() else {
            skip(["headers", "access", "stream", "poll"] + Self.idle, "no gateway answers there")
            return findings
        }
        guard let channel = CheckChannel.own(configuration.channels) else {
            let reason =
                "no pattern of \(VariableName.channels) has a *, so the check has no channel"
            skip(["access", "stream", "poll"] + Self.idle, reason)
            return findings
        }
        try tryAccess(to: channel)
        try measure(on: channel)
        return findings
    }

    /// The names of the checks of idle connections.
    package static let idle = ["idle-stream", "idle-poll"]

    package func add(_ finding: Finding) { findings.append(finding) }

    /// Records that checks were not tried.
    package func skip(_ checks: [String], _ reason: String) {
        for check in checks { add(.skipped(check, "\(site.url)", because: reason)) }
    }

    /// A pass for the current time.
    package var pass: CheckPass {
        CheckPass(
            secret: configuration.application.secret.bytes, at: loop.wallMilliseconds / 1000)
    }

    /// Sends a request and waits for its answer.
    package func answer(
        to request: HTTPRequest
    ) throws -> Result<HTTPResponse, HTTPCallError> {
        var result: Result<HTTPResponse, HTTPCallError>?
        site.call(request, on: loop, within: Self.timeout) { result = $0 }
        try loop.turn(for: Self.timeout + .seconds(1)) { result != nil }
        return result ?? .failure(.unanswered("no answer"))
    }

    // MARK: - The server that answers

    /// Finds out which server answers, and which header fields reach it; returns true if it is a
    /// gateway of this application.
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

    /// A header field to send, and the part of it that must arrive.
    package struct Probe {
        package let name: String
        package let field: String
        package let value: String
    }

    /// The header fields of readers that the gateway needs.
    package static func probes(_ configuration: Configuration, nonce: String) -> [Probe] {
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

    // MARK: - Access

    private func tryAccess(to channel: String) throws {
        let target = site.get("/poll", [("channel", channel)])
        let isPublic = !channel.hasPrefix("presence-") && !channel.hasPrefix("private-")
        let anonymous = try answer(to: target)
        add(.anonymous(anonymous, configuration.access, at: site.url, isPublic: isPublic))
        switch configuration.access {
        case .checked(_, let byToken):
            if byToken { try tryToken(for: channel, target) }
            try tryLogin()
        default: break
        }
    }

    /// Requests a channel's members, which does not make the user a member.
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
                        "\(VariableName.tokenKey) is a public key, which cannot sign"))
        }
        var (bearer, cookie) = (request, request)
        bearer.fields.set("Authorization", "Bearer \(token)")
        cookie.fields.set("Cookie", "passerelle=\(token)")
        add(.token(bearer: try answer(to: bearer), cookie: try answer(to: cookie), at: site.url))
    }

    /// Returns a token for an anonymous reader of one channel, valid for a minute.
    private static func token(
        for channel: String, _ configuration: Configuration, at loop: EventLoop
    ) throws -> String? {
        guard let key = try configuration.accessSettings.tokenKeys.first?.key else { return nil }
        var claims = TokenClaims(
            subject: nil, expires: loop.wallMilliseconds / 1000 + 60,
            channels: [try ChannelPattern(channel)], issued: loop.wallMilliseconds)
        if let audience = configuration.accessSettings.tokenAudience {
            claims.audiences = [audience]
        }
        let signed = CompactToken.signed(algorithm: key.algorithm.rawValue, claims: claims)
        return key.signature(of: signed).map { CompactToken.text(signed: signed, signature: $0) }
    }
}
