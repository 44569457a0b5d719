// SPDX-License-Identifier: MIT

import Glibc

/// The reason a directory cannot be owned by this process.
package enum DirectoryError: Error, Equatable, Sendable {
    case notADirectory
    /// It belongs to the user with this id.
    case otherOwner(UInt32)
    /// Other users may write to it; its mode.
    case openToOthers(mode: UInt32)
    /// Another process owns it.
    case inUse
    case system(SystemError)
}

extension DirectoryError: CustomStringConvertible {
    /// The mistake and the remedy, as the end of a sentence that begins with the directory.
    package var description: String {
        switch self {
        case .notADirectory: "is not a directory"
        case .otherOwner(let user):
            "belongs to the user with id \(user), but this process runs as \(geteuid()):"
                + " change its owner, or name another directory"
        case .openToOthers(let mode):
            "can be written by others (mode \(String(mode, radix: 8))): remove that permission with"
                + " chmod go-w"
        case .inUse: "is in use by another process: stop that process, or name another directory"
        case .system(let error): "cannot be used: \(error)"
        }
    }
}
