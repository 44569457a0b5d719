// SPDX-License-Identifier: MIT

/// Key pairs for signatures, made by `openssl`; their directory is removed with this object.
package final class TestKeys {
    /// The kinds of keys.
    package enum Kind: String, CaseIterable, Sendable {
        case rsa2048, rsa1024, p256, p384, ed25519
    }

    private let directory: TemporaryDirectory

    /// Creates a directory for keys.
    package init() throws {
        directory = try TemporaryDirectory()
    }

    /// Creates a pair; returns the paths of its PEM files.
    package func pair(_ kind: Kind) throws -> (private: String, public: String) {
        let name = "\(kind.rawValue)-\(UInt32.random(in: 0 ... .max))"
        let (key, open) = (directory.file("\(name).key"), directory.file("\(name).pub"))
        try openssl(["genpkey", "-out", key] + Self.arguments(kind))
        try openssl(["pkey", "-in", key, "-pubout", "-out", open])
        return (key, open)
    }

    /// Returns the bytes of a file.
    package static func bytes(_ path: String) throws -> [UInt8] {
        let result = try Subprocess.run("cat", [path])
        return Array(result.output.utf8)
    }

    private static func arguments(_ kind: Kind) -> [String] {
        switch kind {
        case .rsa2048: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        case .rsa1024: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]
        case .p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        case .p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp384r1"]
        case .ed25519: ["-algorithm", "ED25519"]
        }
    }

    private func openssl(_ arguments: [String]) throws {
        let result = try Subprocess.run("openssl", arguments)
        guard result.status == 0 else {
            throw TestFailure("openssl \(arguments) failed: \(result.errors)")
        }
    }
}
