// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// Who answers outside, and what of a request arrives there.
extension Finding {
    /// Whether a gateway of this application answers; `echo` is what it told, where it did.
    static func gateway(
        _ result: Result<HTTPResponse, HTTPCallError>, _ echo: CheckEcho?, at url: WebAddress
    ) -> Finding {
        let (check, tried) = ("gateway", "\(url)")
        if let echo {
            let words = "this application's gateway answers: passerelle \(echo.version)"
            return .ok(check, tried, words)
        }
        let remedy: String
        switch (try? result.get())?.status {
        case (300..<400)?: remedy = "give the URL to which that leads"
        case 404 where isOurs(result):
            remedy =
                "a gateway answers, and not to this secret: is its PUSHER_SECRET this one, its version"
                + " \(Version.text), and its clock less than 10 minutes off? A path in the URL is for"
                + " the proxy to take away"
        case 404: remedy = "what the URL leads to is no gateway: check its path, and the proxy's"
        case 421: remedy = "PASSERELLE_HOSTS of the gateway has to name \(url.host)"
        case 401, 403: remedy = "something in front of the gateway asks for credentials: let it not"
        case 429: remedy = "a limit is reached: PASSERELLE_TRUSTED_PROXIES has to name the proxy"
        case (500...)?:
            remedy = "the proxy does not reach the gateway: does it run, and where the proxy looks?"
        case nil: remedy = "check the URL, and what the proxy is told of the gateway"
        default: remedy = "what the URL leads to is no gateway: check the proxy"
        }
        return .failed(check, tried, words(result), do: remedy)
    }

    /// Whether what readers show the gateway arrives as they sent it.
    static func headers(
        _ sent: [PublicCheck.Probe], _ echo: CheckEcho, _ pass: CheckPass
    ) -> Finding {
        let names = sent.map(\.name).joined(separator: ", ")
        let tried = "fields of a request: \(names)"
        var lost: [String] = []
        var changed: [String] = []
        for probe in sent {
            let digest = echo.digests[probe.name.lowercased()]
            if digest == nil {
                lost.append(probe.name)
            } else if digest != pass.digest(of: probe.value, as: probe.name) {
                changed.append(probe.name)
            }
        }
        guard !(lost + changed).isEmpty else { return .ok("headers", tried, "all arrive") }
        var words = lost.isEmpty ? "" : lost.joined(separator: ", ") + " does not arrive"
        if !changed.isEmpty {
            words += (words.isEmpty ? "" : "; ") + changed.joined(separator: ", ")
            words += " arrives as something else"
        }
        return .failed(
            "headers", tried, words,
            do: "have the proxy pass on what clients send: it takes away or sets those fields;"
                + " without them nobody is admitted, or resumes")
    }

    /// Whether the gateway knows its clients apart.
    static func clients(_ forwarding: CheckEcho.Forwarding) -> Finding {
        let (check, tried) = ("clients", "the client's address")
        switch forwarding {
        case .believed: return .ok(check, tried, "a trusted proxy says it")
        case .unsaid: return .ok(check, tried, "no proxy says one: it is the connection's")
        case .ignored:
            return .warning(
                check, tried, "a proxy says it that is not trusted: all clients count as one",
                do: "name the proxy in PASSERELLE_TRUSTED_PROXIES, so that limits are each client's"
            )
        }
    }

    /// What somebody is answered who shows nothing.
    static func stranger(
        _ result: Result<HTTPResponse, HTTPCallError>, _ access: Access?, at url: WebAddress,
        isPublic: Bool
    ) -> Finding {
        let (check, tried) = ("access", "a poll that shows no credentials")
        switch ((try? result.get())?.status, access) {
        case (200, .unchecked):
            let words = "admitted: PASSERELLE_AUTH=none"
            guard !url.isOfLoopback else { return .ok(check, tried, words) }
            return .failed(
                check, tried, words,
                do: "whoever reaches \(url) reads every channel: set PASSERELLE_AUTH to endpoint or"
                    + " token")
        case (200, _) where isPublic: return .ok(check, tried, "admitted, to a public channel")
        case (200, _):
            return .failed(
                check, tried, "admitted: everybody is",
                do: "the proxy adds credentials of its own, or the auth route signs for anybody")
        case (401, _), (403, _):
            return .ok(check, tried, "refused (\(words(result))), as it must be")
        default:
            return .failed(
                check, tried, words(result),
                do: "the gateway cannot decide who may read: check PASSERELLE_AUTH_ENDPOINT from"
                    + " where it runs, and its log")
        }
    }

    /// Whether a token of this configuration's key admits, both ways in which it can be shown.
    static func token(
        bearer: Result<HTTPResponse, HTTPCallError>, cookie: Result<HTTPResponse, HTTPCallError>,
        at url: WebAddress
    ) -> Finding {
        let tried = "polls with a token, in Authorization and as a cookie"
        let ways = [("Authorization", bearer), ("the cookie passerelle", cookie)]
        let bad = ways.filter { (try? $0.1.get())?.status != 200 }
        guard !bad.isEmpty else { return .ok("token", tried, "admitted") }
        let words = bad.map { "by \($0.0): \(Self.words($0.1))" }.joined(separator: "; ")
        return .failed(
            "token", tried, words,
            do: "is PASSERELLE_TOKEN_KEY the gateway's? Else the proxy does not pass it on, as said"
                + " under headers")
    }

    /// What a poll, a conditional one, and one after something was said are answered.
    ///
    /// `later` is whether the last one told something newer; `nil` where nothing was said.
    static func poll(
        _ first: Result<HTTPResponse, HTTPCallError>,
        conditional: Result<HTTPResponse, HTTPCallError>?, later: Bool?
    ) -> Finding {
        let (check, tried) = ("poll", "polls, one with If-None-Match")
        func failed(_ found: String, _ remedy: String) -> Finding {
            .failed(check, tried, found, do: remedy)
        }
        guard let response = try? first.get(), PublicCheck.position(first) != nil,
            let conditional
        else {
            return failed(
                words(first), "what the gateway says of it: passerelle status, and its log")
        }
        if !response.fields.hasToken("Cache-Control", "no-cache") {
            return failed(
                "Cache-Control does not say no-cache any more",
                "have the proxy pass Cache-Control on: a cache would keep what was said")
        }
        guard later != false else {
            return failed("an old answer came again", "have no cache keep what the gateway answers")
        }
        guard let tag = response.fields.first("ETag") else {
            return failed("ETag is taken away", "have the proxy pass ETag on")
        }
        guard (try? conditional.get())?.status == 304 else {
            return failed(
                "\(words(conditional)) in place of 304, with ETag \(QuotedText.quoted(tag, limit: 60))",
                "have the proxy pass ETag and If-None-Match on as they are")
        }
        return .ok(check, tried, "200 with ETag and Cache-Control, then 304")
    }

    /// What an answer is in a few words: its status and, where it is a refusal of ours, its word.
    static func words(_ result: Result<HTTPResponse, HTTPCallError>) -> String {
        switch result {
        case .failure(.unreachable(let words)), .failure(.unanswered(let words)),
            .failure(.malformed(let words)):
            return words
        case .success(let response):
            if let place = response.fields.first("Location") {
                return "\(response.status) to \(QuotedText.quoted(place, limit: 100))"
            }
            return word(response).map { "\(response.status) \($0)" }
                ?? "\(response.status), not of a gateway"
        }
    }

    /// Whether a gateway has refused it.
    private static func isOurs(_ result: Result<HTTPResponse, HTTPCallError>) -> Bool {
        (try? result.get()).flatMap(word) != nil
    }

    /// The word of a gateway's refusal, `{"error":WORD,"message":…}`.
    private static func word(_ response: HTTPResponse) -> String? {
        guard let root = try? JSONScanner.document(response.body.span), root.kind == .object,
            JSONScanner.member(response.body.span, of: root, named: "message") != nil,
            let word = JSONScanner.text(
                response.body.span,
                JSONScanner.member(response.body.span, of: root, named: "error"))
        else { return nil }
        let isPlain = word.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }
        return isPlain && word.utf8.count <= 40 ? word : nil
    }
}

extension WebAddress {
    /// Whether it is this host's own.
    fileprivate var isOfLoopback: Bool { ListenAddress.isLoopbackHost(host) }
}
