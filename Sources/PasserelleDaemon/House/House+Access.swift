// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

extension AccessConfiguration {
    /// What Downstream needs to check readers; `nil` where nobody is checked.
    init?(_ configuration: Configuration) throws(House.StartError) {
        guard case .checked(let byEndpoint, let byToken) = configuration.access else { return nil }
        self.init()
        let settings = configuration.accessSettings
        asksRoute = byEndpoint
        routeFields = settings.endpointFields
        limits.grace = settings.grace
        limits.recheck = settings.recheck
        limits.fresh = min(limits.fresh, settings.recheck / 5)
        guard byToken else { return }
        do throws(SignatureKeyError) {
            for key in settings.tokenKeys { tokenKeys.append(try key.key) }
        } catch {
            throw House.StartError(setting: "PASSERELLE_TOKEN_KEY: \(error.words)")
        }
    }
}

extension OriginRules {
    /// Which hosts and origins there are; where nobody is checked, no other name than the loopback's
    /// may lead here, or any page could make one that does.
    init(_ configuration: Configuration) {
        self.init()
        origins = configuration.origins
        fields = configuration.accessSettings.endpointFields.filter { $0.lowercased() != "cookie" }
        if !configuration.hosts.isEmpty {
            hosts = .listed(configuration.hosts)
        } else if configuration.access == .unchecked {
            hosts = .loopback
        }
    }
}

extension House {
    /// Builds the way to the application's auth route, where it is asked.
    static func authRoute(
        _ configuration: Configuration, loop: EventLoop, log: Log
    ) throws(StartError) -> AuthRoute? {
        guard case .checked(byEndpoint: true, _) = configuration.access,
            let address = configuration.accessSettings.endpoint
        else { return nil }
        var tls: TLSClient?
        if address.isTLS {
            do {
                tls = try TLSClient(caFile: configuration.caFile)
            } catch {
                throw House.StartError(setting: "PASSERELLE_CA_FILE: \(error)")
            }
        }
        let application = configuration.application
        let route = AuthRoute(
            loop: loop, host: address.host, port: address.port, target: address.target, tls: tls,
            proxy: configuration.proxy(
                for: address.host, port: address.port, isTLS: address.isTLS),
            signer: Signer(key: application.key, secret: application.secret.bytes))
        route.noted = { note in
            switch note {
            case .failing(let cause):
                log.warning(
                    "PASSERELLE_AUTH_ENDPOINT does not decide: nobody new is admitted",
                    ["cause": cause])
            case .recovered: log.info("PASSERELLE_AUTH_ENDPOINT answers again")
            }
        }
        return route
    }

    /// How Downstream asks it: what it says, as Downstream has it.
    static func asking(
        _ route: AuthRoute, memberID: String
    ) -> (String, HTTPFields, @escaping (AuthChecks.Answer) -> Void) -> Void {
        { channel, fields, done in
            route.ask(channel: channel, showing: fields) { answer in
                switch answer {
                case .admitted(nil): done(.admitted(nil))
                case .admitted(let member?):
                    let identity = try? ReaderIdentity(
                        userID: member.userID, userInfo: member.userInfo, reserved: memberID)
                    // Whom Channels would not have as a member is nobody's reader.
                    done(identity.map { .admitted($0) } ?? .refused(status: 403))
                case .refused(let status): done(.refused(status: status))
                case .failed: done(.failed)
                }
            }
        }
    }
}
