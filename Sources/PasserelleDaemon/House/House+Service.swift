// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleUpstream

extension House {
    /// The variables whose new value a reload takes over; the others wait for a restart.
    static let reloadable: Set<String> = ["PASSERELLE_LOG"]

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
            guard let found = try source?.readAgain(taking: Self.reloadable) else { return }
            // Listeners' certificates belong here too: files change though no variable does.
            log.level = found.configuration.logLevel
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
