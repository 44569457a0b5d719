// SPDX-License-Identifier: MIT
import Glibc

/// Why a folder cannot be one's own.
package enum FolderError: Error, Equatable, Sendable {
    case notAFolder
    /// It belongs to the user with this id.
    case otherOwner(UInt32)
    /// Others than its owner may write into it; its mode.
    case openToOthers(mode: UInt32)
    /// Another process has it.
    case inUse
    case system(SystemError)
}

extension FolderError: CustomStringConvertible {
    /// What is wrong and what to do, as the end of a sentence that begins with the folder.
    package var description: String {
        switch self {
        case .notAFolder: "is not a directory"
        case .otherOwner(let user):
            "belongs to the user with id \(user), and this process runs as \(geteuid()):"
                + " change its owner, or name another directory"
        case .openToOthers(let mode):
            "can be written by others (mode \(String(mode, radix: 8))): take that away with"
                + " chmod go-w"
        case .inUse: "is in use by another process: end that one, or name another directory"
        case .system(let error): "cannot be used: \(error)"
        }
    }
}
