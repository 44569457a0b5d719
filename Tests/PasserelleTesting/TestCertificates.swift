// SPDX-License-Identifier: MIT
import Glibc

/// A temporary authority and its server certificates, made by `openssl`, removed with this object.
package final class TestCertificates {
    /// One server certificate and its key, both PEM.
    package struct Server {
        /// The certificate's path.
        package let certificateFile: String
        /// The key's path.
        package let keyFile: String
    }

    /// The path of the authority's certificate, for a client to trust.
    package let authorityFile: String

    private let directory: TemporaryDirectory
    private let authorityKey: String
    private var count = 0

    /// Creates the authority.
    package init() throws {
        directory = try TemporaryDirectory()
        authorityFile = directory.file("authority.pem")
        authorityKey = directory.file("authority.key")
        try openssl(
            ["req", "-x509", "-subj", "/CN=Throw-away authority", "-days", "2"]
                + ["-addext", "basicConstraints=critical,CA:TRUE"]
                + ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
                + Self.newKey(authorityKey) + ["-out", authorityFile])
    }

    /// Signs a certificate for DNS names and IP addresses; if `isExpired`, it expired yesterday.
    package func server(
        names: [String] = ["localhost"], addresses: [String] = [], isExpired: Bool = false
    ) throws -> Server {
        count += 1
        let key = directory.file("server-\(count).key")
        let request = directory.file("server-\(count).csr")
        let certificate = directory.file("server-\(count).pem")
        let subjects = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        try openssl(
            ["req", "-new", "-subj", "/CN=Throw-away server"]
                + ["-addext", "subjectAltName=" + subjects.joined(separator: ",")]
                + ["-addext", "basicConstraints=critical,CA:FALSE"]
                + Self.newKey(key) + ["-out", request])
        try openssl(
            ["x509", "-req", "-in", request, "-copy_extensions", "copy"]
                + ["-CA", authorityFile, "-CAkey", authorityKey, "-CAcreateserial"]
                + ["-days", isExpired ? "-1" : "2", "-out", certificate])
        return Server(certificateFile: certificate, keyFile: key)
    }

    private static func newKey(_ path: String) -> [String] {
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]
    }

    private func openssl(_ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let log = directory.file("openssl.log")
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = (["openssl"] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process = pid_t()
        let code = posix_spawnp(&process, "openssl", &actions, nil, words, environ)
        guard code == 0 else { throw TestFailure("cannot run openssl: errno \(code)") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw TestFailure("openssl \(arguments) failed, see \(log)") }
    }
}
