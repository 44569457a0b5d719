// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleLog
package import PasserelleNet
import PasserelleWire

/// The certificate of the listeners, which is read again when its files change.
///
/// If a pair cannot be used, the log has the reason and the previous certificate stays in use.
package final class ServedCertificate {
    /// The interval between checks of the files; a change takes effect at the second check.
    package static let checkInterval: Duration = .seconds(2)

    /// Called with each certificate that replaces another.
    package var changed: (TLSServer) -> Void = { _ in }

    /// The certificate in use.
    package private(set) var server: TLSServer
    private var files: CertificateFiles
    private var changes: CertificateChanges
    private unowned let loop: EventLoop
    private let log: Log

    /// Reads the files.
    package init(_ files: CertificateFiles, loop: EventLoop, log: Log) throws(TLSError) {
        // Checked before the read, so that a change during the read is noticed.
        changes = CertificateChanges(read: .init(files))
        server = try Self.read(files)
        self.files = files
        self.loop = loop
        self.log = log
        checkLater()
    }

    /// Reads the files now; `files` replaces the earlier paths.
    package func reload(_ files: CertificateFiles) {
        changes = CertificateChanges(read: .init(files))
        take(files)
    }

    private func checkLater() {
        loop.scheduleTask(in: Self.checkInterval) { [weak self] in
            guard let self else { return }
            if changes.shouldRead(.init(files)) { take(files) }
            checkLater()
        }
    }

    private func take(_ files: CertificateFiles) {
        self.files = files
        do throws(TLSError) {
            server = try Self.read(files)
        } catch {
            return log.error("certificate not reloaded, the previous one stays: \(error)")
        }
        log.info("certificate reloaded", ["certificate": files.certificate])
        changed(server)
    }

    private static func read(_ files: CertificateFiles) throws(TLSError) -> TLSServer {
        let server = try TLSServer(certificateFile: files.certificate, keyFile: files.key)
        server.plainAnswer = plainAnswer
        return server
    }

    private static let plainAnswer = HTTPWriter.response(
        HTTPResponse(
            status: 400, fields: ["Content-Type": "text/plain"],
            body: Array("This port speaks HTTPS.\n".utf8)), version: .http11, keepAlive: false)
}

extension Gateway {
    /// Reads the certificate, if one is set, and passes each new one to the listeners.
    package func openCertificate(_ configuration: Configuration) throws(StartError) {
        guard let files = configuration.certificate else { return }
        do throws(TLSError) {
            certificate = try ServedCertificate(files, loop: loop, log: log)
        } catch {
            throw StartError(
                setting: "\(VariableName.tlsCert) and \(VariableName.tlsKey): \(error)")
        }
        certificate?.changed = { [weak self] server in
            // Open links keep their certificate.
            for listener in self?.listeners ?? [] where listener.tls != nil {
                listener.tls = server
            }
        }
    }

    /// The certificate of an HTTP listener; `nil` for Unix sockets, which stay on this host.
    package func tls(for address: ListenAddress) -> TLSServer? {
        if case .unix = address { nil } else { certificate?.server }
    }
}

/// Decides when a certificate's files are read again, from periodic checks of the files.
///
/// They are read if they differ from the last files read and did not change between two checks, so
/// that a program has time to write both. Each state is read once, so that an unusable pair is
/// logged once.
package struct CertificateChanges: Equatable {
    /// The state of both files at one check; `nil` for a missing file.
    package struct State: Equatable {
        package var certificate: FileStamp?
        package var key: FileStamp?
    }

    private var read: State
    private var last: State

    /// `state` is the state of the files that were read last.
    package init(read state: State) {
        read = state
        last = state
    }

    /// Records a check of the files; returns true if they must be read now.
    package mutating func shouldRead(_ state: State) -> Bool {
        defer { last = state }
        guard state != read, state == last else { return false }
        read = state
        return true
    }
}

extension CertificateChanges.State {
    /// Checks the files now.
    package init(_ files: CertificateFiles) {
        self.init(
            certificate: FileStamp(path: files.certificate), key: FileStamp(path: files.key))
    }
}
