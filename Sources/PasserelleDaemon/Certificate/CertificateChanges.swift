// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleNet

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
