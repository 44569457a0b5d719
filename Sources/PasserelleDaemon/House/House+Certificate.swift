// SPDX-License-Identifier: MIT

import PasserelleNet

extension House {
    /// Reads the certificate, where there is one, and shows each that follows it.
    func openCertificate(_ configuration: Configuration) throws(StartError) {
        guard let files = configuration.certificate else { return }
        do throws(TLSError) {
            certificate = try ServedCertificate(files, loop: loop, log: log)
        } catch {
            throw StartError(setting: "PASSERELLE_TLS_CERT and PASSERELLE_TLS_KEY: \(error)")
        }
        certificate?.changed = { [weak self] server in
            // Links that are open keep what they have.
            for listener in self?.listeners ?? [] where listener.tls != nil {
                listener.tls = server
            }
        }
    }

    /// What a listener of HTTP shows: Unix sockets are plain, since nothing of theirs is on a wire.
    func tls(for address: ListenAddress) -> TLSServer? {
        if case .unix = address { nil } else { certificate?.server }
    }
}
