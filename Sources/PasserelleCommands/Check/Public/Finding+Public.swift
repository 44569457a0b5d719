// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleDaemon
package import PasserelleConfiguration
import PasserelleLog
import PasserelleNet
package import PasserelleWire

/// Findings on the server that answers at the public URL, and on the requests that reach it.
extension Finding {
    /// The finding on the server that answers; `echo` is the gateway's answer, if it is one.
    package static func gateway(
        _ result: Result<HTTPResponse, HTTPCallError>, _ echo: CheckEcho?, at url: WebAddress
    ) -> Finding {
        let (check, tried) = ("gateway", "\(url)")
        if let echo {
            let words = "this application's gateway answers: passerelle \(echo.version)"
            return .ok(check, tried, words)
        }
        let remedy: String
        switch (try? result.get())?.status {
        case (300..<400)?: remedy = "use the URL that it redirects to"
        case 404 where isOurs(result):
            remedy =
                "a gateway answers, but refuses this secret: check that it has the same"
                + " \(VariableName.appSecret), that its version is \(Version.text), and that its"
                + " clock is less than 10 minutes off. If the URL has a path, the proxy must remove it"
        case 404: remedy = "no gateway answers at this URL: check its path, and the proxy's"
        case 421: remedy = "add \(url.host) to the gateway's \(VariableName.hosts)"
        case 401, 403: remedy = "a proxy before the gateway requires credentials: turn that off"
        case 429: remedy = "a limit is reached: list the proxy in \(VariableName.trustedProxies)"
        case (500...)?:
            remedy = "the proxy does not reach the gateway: check that it runs, and its address"
        case nil: remedy = "check the URL, and the gateway's address in the proxy"
        default: remedy = "no gateway answers at this URL: check the proxy"
        }
        return .failed(check, tried, words(result), do: remedy)
    }

    /// The finding on the header fields of readers: whether they reach the gateway unchanged.
    package static func headers(
        _ sent: [PublicCheck.Probe], _ echo: CheckEcho, _ pass: CheckPass
    ) -> Finding {
        let names = sent.map(\.name).joined(separator: ", ")
        let tried = "request header fields: \(names)"
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
            words += " arrives changed"
        }
        return .failed(
            "headers", tried, words,
            do: "make the proxy pass on these fields unchanged; without them no reader is admitted,"
                + " or resumes")
    }

    /// The finding on the client's address: whether the gateway can distinguish its clients.
    package static func clients(_ forwarding: CheckEcho.Forwarding) -> Finding {
        let (check, tried) = ("clients", "the client's address")
        switch forwarding {
        case .believed: return .ok(check, tried, "taken from a trusted proxy's header")
        case .unsaid: return .ok(check, tried, "the connection's: no proxy sends one")
        case .ignored:
            return .warning(
                check, tried, "sent by a proxy that is not trusted: all clients count as one",
                do: "list the proxy in \(VariableName.trustedProxies), so that limits apply per"
                    + " client")
        }
    }

    /// The finding on the answer to a request without credentials.
    package static func anonymous(
        _ result: Result<HTTPResponse, HTTPCallError>, _ access: Access?, at url: WebAddress,
        isPublic: Bool
    ) -> Finding {
        let (check, tried) = ("access", "a poll without credentials")
        switch ((try? result.get())?.status, access) {
        case (200, .unchecked):
            let words = "admitted: \(VariableName.auth)=none"
            guard !url.isOfLoopback else { return .ok(check, tried, words) }
            return .failed(
                check, tried, words,
                do: "any client of \(url) can read every channel: set \(VariableName.auth) to"
                    + " endpoint or token")
        case (200, _) where isPublic: return .ok(check, tried, "admitted, to a public channel")
        case (200, _):
            return .failed(
                check, tried, "admitted without credentials",
                do: "the proxy adds credentials, or the auth route signs without checking the user")
        case (401, _), (403, _):
            return .ok(check, tried, "refused (\(words(result))), as expected")
        default:
            return .failed(
                check, tried, words(result),
                do: "the gateway cannot authorize readers: check \(VariableName.authEndpoint) from"
                    + " the gateway's machine, and its log")
        }
    }

    /// The finding on a token signed with the configured key, as a bearer token and as a cookie.
    package static func token(
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
            do: "check that \(VariableName.tokenKey) and \(VariableName.tokenAudience) are the"
                + " gateway's; otherwise the proxy does not pass the token on, see headers")
    }

    /// The finding on a poll, a conditional poll, and a poll after an event was published.
    ///
    /// `later` is true if the last poll returned a newer position; `nil` if no event was published.
    package static func poll(
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
                words(first), "check passerelle status, and the gateway's log")
        }
        if !response.fields.hasToken("Cache-Control", "no-cache") {
            return failed(
                "Cache-Control lacks no-cache",
                "make the proxy pass Cache-Control on; otherwise caches keep messages")
        }
        guard later != false else {
            return failed("an outdated answer was repeated", "exclude the gateway from caches")
        }
        guard let tag = response.fields.first("ETag") else {
            return failed("ETag is removed", "make the proxy pass ETag on")
        }
        guard (try? conditional.get())?.status == 304 else {
            return failed(
                "\(words(conditional)) instead of 304, ETag \(QuotedText.quoted(tag, limit: 60))",
                "make the proxy pass on ETag and If-None-Match unchanged")
        }
        return .ok(check, tried, "200 with ETag and Cache-Control, then 304")
    }

    /// Describes an answer in a few words: its status and, if a gateway refused it, the error code.
    package static func words(_ result: Result<HTTPResponse, HTTPCallError>) -> String {
        switch result {
        case .failure(let error): return "\(error)"
        case .success(let response):
            if let place = response.fields.first("Location") {
                return "\(response.status) to \(QuotedText.quoted(place, limit: 100))"
            }
            return word(response).map { "\(response.status) \($0)" }
                ?? "\(response.status), not from a gateway"
        }
    }

    /// True if a gateway refused the request.
    private static func isOurs(_ result: Result<HTTPResponse, HTTPCallError>) -> Bool {
        (try? result.get()).flatMap(word) != nil
    }

    /// The error code of a gateway's refusal, `{"error":CODE,"message":…}`.
    private static func word(_ response: HTTPResponse) -> String? {
        guard let object = JSONObject(response.body), object["message"] != nil,
            let word = object.text("error")
        else { return nil }
        let isPlain = word.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x2D }
        return isPlain && word.utf8.count <= 40 ? word : nil
    }
}

extension WebAddress {
    /// True if the host is a loopback name or address.
    fileprivate var isOfLoopback: Bool { ListenAddress.isLoopbackHost(host) }
}
