// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleDaemon

/// When the files of a certificate are read again, look by look.
struct CertificateChangesTests {
    private let folder: TemporaryFolder
    private let files: CertificateFiles

    init() throws {
        folder = try TemporaryFolder()
        files = CertificateFiles(
            certificate: folder.file("cert.pem"), key: folder.file("key.pem"))
        try write("1", to: files.certificate)
        try write("1", to: files.key)
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw TestFailure("\(path): \(errno)") }
        fputs(text, file)
        fclose(file)
    }

    private var look: CertificateChanges.Look { .init(files) }

    /// A mutating call stands outside of the macro.
    private func expect(_ isRead: Bool, _ wanted: Bool) {
        #expect(isRead == wanted)
    }

    @Test func `what has not changed is not read`() {
        var changes = CertificateChanges(read: look)
        for _ in 0..<3 { expect(changes.looked(look), false) }
    }

    @Test func `a change is read once, and not before it stands still`() throws {
        var changes = CertificateChanges(read: look)
        try write("22", to: files.certificate)
        expect(changes.looked(look), false)
        try write("22", to: files.key)
        expect(changes.looked(look), false)
        expect(changes.looked(look), true)
        expect(changes.looked(look), false)
    }

    @Test func `a file that is put in another's place is a change, and one that is away too`()
        throws
    {
        var changes = CertificateChanges(read: look)
        try write("1", to: folder.file("new"))
        #expect(rename(folder.file("new"), files.key) == 0)
        expect(changes.looked(look), false)
        expect(changes.looked(look), true)
        #expect(unlink(files.key) == 0)
        #expect(look.key == nil)
        expect(changes.looked(look), false)
        expect(changes.looked(look), true)
    }
}
