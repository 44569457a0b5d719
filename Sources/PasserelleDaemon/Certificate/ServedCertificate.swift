// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The certificate that listeners show, which is read again when its files change.
///
/// A pair that cannot be used changes nothing: the log says why, and the one before stays.
final class ServedCertificate {
    /// How often the files are looked at: a change is taken over at the second look.
    static let lookInterval: Duration = .seconds(2)

    /// Told of each certificate that takes the place of another.
    var changed: (TLSServer) -> Void = { _ in }

    /// What listeners show now.
    private(set) var server: TLSServer
    private var files: CertificateFiles
    private var changes: CertificateChanges
    private unowned let loop: EventLoop
    private let log: Log

    /// Reads the files.
    init(_ files: CertificateFiles, loop: EventLoop, log: Log) throws(TLSError) {
        // Looked at first: what changes meanwhile is seen as a change.
        changes = CertificateChanges(read: .init(files))
        server = try Self.read(files)
        self.files = files
        self.loop = loop
        self.log = log
        lookLater()
    }

    /// Reads the files now, or others from now on.
    func reload(_ files: CertificateFiles) {
        changes = CertificateChanges(read: .init(files))
        take(files)
    }

    private func lookLater() {
        loop.after(Self.lookInterval) { [weak self] in
            guard let self else { return }
            if changes.looked(.init(files)) { take(files) }
            lookLater()
        }
    }

    private func take(_ files: CertificateFiles) {
        self.files = files
        do throws(TLSError) {
            server = try Self.read(files)
        } catch {
            return log.error("certificate not reloaded, the one before stays: \(error)")
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
