// SPDX-License-Identifier: MIT

import PasserelleHTTP
package import PasserelleConfiguration
package import PasserelleLog
package import PasserelleDownstream
package import PasserelleNet
package import PasserelleUpstream

extension AccessConfiguration {
    /// The configuration of access control; `nil` if readers are not checked.
    package init?(_ configuration: Configuration) throws(StartError) {
        guard case .checked(let byEndpoint, let byToken) = configuration.access else { return nil }
        self.init()
        let settings = configuration.accessSettings
        asksRoute = byEndpoint
        routeFields = settings.endpointFields
        limits.grace = settings.grace
        limits.recheck = settings.recheck
        limits.fresh = min(limits.fresh, settings.recheck / 5)
        limits.queuePerClient = configuration.limits.addressAuthQueue
        guard byToken else { return }
        tokenAudience = settings.tokenAudience
        acceptsQueryTokens = settings.acceptsQueryTokens
        do throws(SignatureKeyError) {
            for key in settings.tokenKeys { tokenKeys.append(try key.key) }
        } catch {
            throw StartError(setting: "\(VariableName.tokenKey): \(error.words)")
        }
    }
}

extension OriginRules {
    /// The allowed hosts and origins; if readers are not checked, only loopback names are allowed:
    /// otherwise any web page could reach the gateway through a name of its own (DNS rebinding).
    package init(_ configuration: Configuration) {
        self.init()
        settingNames = .variables
        origins = configuration.origins
        fields = configuration.accessSettings.endpointFields.filter { $0.lowercased() != "cookie" }
        if !configuration.hosts.isEmpty {
            hosts = .listed(configuration.hosts)
        } else if configuration.access == .unchecked {
            hosts = .loopback
        }
    }
}

extension Gateway {
    /// Creates the client of the application's auth route, if the route is used.
    package static func authRoute(
        _ configuration: Configuration, loop: EventLoop, log: Log
    ) throws(StartError) -> AuthRoute? {
        guard case .checked(byEndpoint: true, _) = configuration.access,
            let address = configuration.accessSettings.endpoint
        else { return nil }
        let application = configuration.application
        let route = AuthRoute(
            loop: loop, url: address, tls: try configuration.tlsClient(isTLS: address.isTLS),
            proxy: configuration.proxy(
                for: address.host, port: address.port, isTLS: address.isTLS),
            origin: configuration.accessSettings.origin,
            signer: Signer(key: application.key, secret: application.secret.bytes),
            memberID: configuration.memberID, settingNames: .variables)
        route.onLog = { note in
            switch note {
            case .failing(let cause):
                log.warning(
                    "\(VariableName.authEndpoint) fails: no new reader is admitted",
                    ["cause": cause])
            case .recovered: log.info("\(VariableName.authEndpoint) answers again")
            case .unfitUser(let cause):
                log.warning(
                    "a reader is admitted without membership: Channels would not accept the"
                        + " channel_data of the auth route", ["cause": cause])
            case .refusesAsForged(let refusal, let origin):
                log.warning(
                    "\(VariableName.authEndpoint) refuses a reader as forged by another site"
                        + " (CSRF): " + refusal.remedy, ["origin": origin])
            }
        }
        return route
    }
}

extension ForgeryRefusal {
    /// The remedy, for the log and for `passerelle check`.
    package var remedy: String {
        let origin =
            "set \(VariableName.authOrigin) to the origin of the application's pages, such as"
            + " https://app.example"
        return switch self {
        case .origin: origin
        case .token:
            origin + "; name the header of the CSRF token in \(VariableName.authHeaders), or exempt"
                + " the route from the CSRF check"
        }
    }
}
