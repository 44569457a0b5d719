// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc

/// A folder of its own for one test, removed with all that is in it when the last reference goes.
package final class TemporaryFolder {
    /// The folder's absolute path, short enough to hold a Unix socket's.
    package let path: String

    /// Makes the folder under `/tmp`.
    package init() throws {
        var template = Array("/tmp/passerelle-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file of this name inside.
    package func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// What went wrong while a test was set up or waited for something.
package struct TestFailure: Error, CustomStringConvertible {
    /// One sentence.
    package let description: String

    /// Says what went wrong.
    package init(_ description: String) { self.description = description }
}
