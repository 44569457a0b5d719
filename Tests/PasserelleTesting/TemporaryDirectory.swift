// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc

/// A temporary directory, removed with its contents when the last reference is released.
package final class TemporaryDirectory {
    /// The directory's absolute path, short enough for Unix sockets in it.
    package let path: String

    /// Creates the directory under `/tmp`.
    package init() throws {
        var template = Array("/tmp/passerelle-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Returns the path of a file of this name in the directory.
    package func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A failure while a test was set up or waited.
package struct TestFailure: Error, CustomStringConvertible {
    /// One sentence.
    package let description: String

    /// Creates a failure with its description.
    package init(_ description: String) { self.description = description }
}
