// SPDX-License-Identifier: MIT

package import PasserelleAdmin
import PasserelleConfiguration
import PasserelleDownstream
import PasserelleHub
import PasserelleLog
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

extension Gateway {
    /// Connects Downstream to the other parts.
    ///
    /// `gateway` returns `nil` until the gateway is complete; requests are served only afterwards.
    static func services(
        _ configuration: Configuration, loop: EventLoop, log: Log, rest: ChannelsREST,
        presence: PresenceServices,
        otherRoutes: @escaping (Gateway, HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool,
        gateway: @escaping () -> Gateway?
    ) throws(StartError) -> DownstreamServices {
        var services = DownstreamServices(
            publish: rest.publish,
            status: { gateway()?.snapshot.status ?? Array("{}".utf8) },
            metrics: { gateway()?.metrics ?? [] },
            readiness: { gateway()?.readiness ?? (false, "starting") },
            presence: presence,
            otherRoutes: { request, reply in
                gateway().map { otherRoutes($0, request, reply) } ?? false
            })
        services.file = files(configuration)
        services.version = Version.text
        services.upgrade = { failed in
            guard let gateway = gateway() else { return failed("it is starting") }
            gateway.upgrade(failed)
        }
        services.refused = { status, word, client in
            log.debug(
                "refused",
                ["status": "\(status)", "error": word, "client": client.host ?? "\(client)"])
        }
        services.checks = CheckServices(configuration, loop: loop, log: log)
        services.revoked = { gateway()?.noteRevocation(of: $0, on: $1, $2, by: $3, $4) }
        services.limitReached = { log.note($0, reachedBy: $1) }
        services.peerDied = {
            log.debug(
                "client disconnected: it does not acknowledge", ["client": $0.host ?? "local"])
        }
        if let route = try authRoute(configuration, loop: loop, log: log) {
            services.askRoute = route.ask
            services.reportDifferentUsers = {
                log.warning(
                    "a reader is admitted without membership: the auth route names different users"
                        + " for the channels of one request")
            }
        }
        return services
    }
}

extension Gateway {
    /// The variables that a reload applies; the others require a restart.
    ///
    /// A reload cannot turn TLS on or off.
    private var reloadable: Set<String> {
        certificate == nil
            ? [VariableName.log.rawValue]
            : Self.certificateVariables.union([VariableName.log.rawValue])
    }

    private static let certificateVariables: Set<String> = [
        VariableName.tlsCert.rawValue, VariableName.tlsKey.rawValue,
    ]

    /// Starts reporting the gateway's state to the service manager.
    package func supervise() {
        supervision = Supervision(loop: loop) { [unowned self] in
            let status = upstream.status
            let lag = journalWriter?.journal.waitingSince.map { loop.now - $0 }
            return ServiceNotifier.Facts(
                wasTried: status.wasTried, upstream: status.state.rawValue,
                readers: hub.readerCount, channels: hub.channels.count, lag: lag ?? .zero)
        }
    }

    /// Reads the configuration again, and applies the changes that disconnect no reader.
    ///
    /// If the configuration is invalid, nothing changes.
    package func reload() {
        guard source != nil else {
            return log.info("SIGHUP: there is no configuration to read again")
        }
        guard let supervision else { return reloadConfiguration() }
        supervision.reload { reloadConfiguration() }
    }

    private func reloadConfiguration() {
        do throws(ConfigurationError) {
            guard var found = try source?.reloadConfiguration(taking: reloadable) else { return }
            log.level = found.configuration.logLevel
            if let files = found.configuration.certificate {
                // Files may change although no variable does.
                certificate?.reload(files)
            } else if certificate != nil {
                found.taken.removeAll(where: Self.certificateVariables.contains)
                found.waiting += Self.certificateVariables.sorted()
            }
            log.info("reloaded", ["changed": Self.list(found.taken)])
            if !found.waiting.isEmpty {
                log.warning(
                    "changed, but requires a restart", ["variables": Self.list(found.waiting)])
            }
        } catch {
            log.error("not reloaded, the previous configuration stays: \(error.message)")
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.joined(separator: ",")
    }
}

extension Gateway {
    /// The gateway's state, without the figures of the process.
    package var snapshot: GatewaySnapshot {
        let now = loop.moment
        var snapshot = GatewaySnapshot()
        snapshot.version = Version.text
        snapshot.time = now.wall
        snapshot.started = started.wall
        snapshot.uptime = now.steady - started.steady
        snapshot.exhaustions = exhaustions
        snapshot.failedUpgrades = failedUpgrades
        snapshot.upstream = upstream.status
        snapshot.hub = .init(hub)
        snapshot.downstream = .init(downstream)
        snapshot.presence = .init(delegation, clientEvents)
        snapshot.auth = downstream.authTally
        snapshot.notices = notices.map { .init($0) }
        if let journalWriter {
            snapshot.journal = .init(
                journalWriter.journal, torn: journalWriter.torn, damaged: journalWriter.damaged,
                of: hub, at: now.steady)
        }
        return snapshot
    }

    /// The metrics in Prometheus' text format, computed at most once per turn of the loop.
    package var metrics: [UInt8] {
        if let lastMetrics, lastMetrics.turn == loop.now { return lastMetrics.text }
        var snapshot = snapshot
        snapshot.process = .now()
        let text = snapshot.metrics
        lastMetrics = (loop.now, text)
        return text
    }
}
