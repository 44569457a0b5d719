// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleUpstream

extension House {
    /// The variables whose new value a reload takes over; the others wait for a restart.
    ///
    /// Whether listeners speak TLS at all is as it was at the start.
    private var reloadable: Set<String> {
        certificate == nil
            ? ["PASSERELLE_LOG"] : Self.certificateVariables.union(["PASSERELLE_LOG"])
    }

    private static let certificateVariables: Set<String> = [
        "PASSERELLE_TLS_CERT", "PASSERELLE_TLS_KEY",
    ]

    /// Tells the service manager from now on how the gateway is.
    func supervise() {
        supervision = Supervision(loop: loop) { [unowned self] in
            let status = upstream.status
            let lag = scribe?.journal.waitingSince.map { loop.now - $0 }
            return ServiceAnnouncer.Facts(
                wasTried: status.wasTried, upstream: status.state.rawValue,
                readers: hub.readerCount, channels: hub.channels.count, lag: lag ?? .zero)
        }
    }

    /// Reads the configuration again, and takes over what can change while every reader stays.
    ///
    /// What cannot be read as a whole changes nothing at all.
    func reload() {
        guard source != nil else {
            return log.info("SIGHUP: there is no configuration to read again")
        }
        guard let supervision else { return readAgain() }
        supervision.reload { readAgain() }
    }

    private func readAgain() {
        do throws(ConfigurationError) {
            guard var found = try source?.readAgain(taking: reloadable) else { return }
            log.level = found.configuration.logLevel
            if let files = found.configuration.certificate {
                // Files change though no variable does.
                certificate?.reload(files)
            } else if certificate != nil {
                found.taken.removeAll(where: Self.certificateVariables.contains)
                found.waiting += Self.certificateVariables.sorted()
            }
            log.info("reloaded", ["changed": Self.list(found.taken)])
            if !found.waiting.isEmpty {
                log.warning(
                    "changed, and waits for a restart", ["variables": Self.list(found.waiting)])
            }
        } catch {
            log.error("not reloaded, all is as it was: \(error.message)")
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.joined(separator: ",")
    }
}
