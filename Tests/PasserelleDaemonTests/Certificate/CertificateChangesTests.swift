// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleDaemon

/// The decisions of `CertificateChanges`, check by check.
struct CertificateChangesTests {
    private let directory: TemporaryDirectory
    private let files: CertificateFiles

    init() throws {
        directory = try TemporaryDirectory()
        files = CertificateFiles(
            certificate: directory.file("cert.pem"), key: directory.file("key.pem"))
        try write("1", to: files.certificate)
        try write("1", to: files.key)
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw TestFailure("\(path): \(errno)") }
        fputs(text, file)
        fclose(file)
    }

    private var state: CertificateChanges.State { .init(files) }

    // The macro cannot contain a mutating call.
    private func expect(_ isRead: Bool, _ wanted: Bool) {
        #expect(isRead == wanted)
    }

    @Test func `unchanged files are not read again`() {
        var changes = CertificateChanges(read: state)
        for _ in 0..<3 { expect(changes.shouldRead(state), false) }
    }

    @Test func `a change is read once, after two equal checks`() throws {
        var changes = CertificateChanges(read: state)
        try write("22", to: files.certificate)
        expect(changes.shouldRead(state), false)
        try write("22", to: files.key)
        expect(changes.shouldRead(state), false)
        expect(changes.shouldRead(state), true)
        expect(changes.shouldRead(state), false)
    }

    @Test func `a replaced file is a change, and so is a missing one`() throws {
        var changes = CertificateChanges(read: state)
        try write("1", to: directory.file("new"))
        #expect(rename(directory.file("new"), files.key) == 0)
        expect(changes.shouldRead(state), false)
        expect(changes.shouldRead(state), true)
        #expect(unlink(files.key) == 0)
        #expect(state.key == nil)
        expect(changes.shouldRead(state), false)
        expect(changes.shouldRead(state), true)
    }
}
