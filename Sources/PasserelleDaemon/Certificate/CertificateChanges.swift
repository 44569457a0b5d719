// SPDX-License-Identifier: MIT

import PasserelleNet

/// Decides when a certificate's files are to be read again, by looks at them from time to time.
///
/// They are once they are others than those that were last read, and nothing happened to them
/// between two looks: whoever writes them is given the time to finish. Each state of theirs is read
/// once, so that a pair that cannot be used is told once.
struct CertificateChanges: Equatable {
    /// How the two files stood at a look; `nil` for one that is not there.
    struct Look: Equatable {
        var certificate: FileStamp?
        var key: FileStamp?
    }

    private var read: Look
    private var last: Look

    /// The files were read as they stand here.
    init(read look: Look) {
        read = look
        last = look
    }

    /// The files were looked at; whether they are to be read now.
    mutating func looked(_ look: Look) -> Bool {
        defer { last = look }
        guard look != read, look == last else { return false }
        read = look
        return true
    }
}

extension CertificateChanges.Look {
    /// Looks at the files now.
    init(_ files: CertificateFiles) {
        self.init(
            certificate: FileStamp(path: files.certificate), key: FileStamp(path: files.key))
    }
}
