// SPDX-License-Identifier: MIT

import Glibc
import PasserelleConfiguration
import PasserelleLog
package import PasserelleNet

/// Files of one record a line, in the state directory.
package enum StoredRecords {
    /// The records of a file, and the number of its damaged lines.
    package typealias Content<Record> = (records: [Record], bad: Int)

    /// The maximum size of a file in bytes; a larger one cannot be read.
    private static let readBytes = 64 << 20

    /// Reads a file, which is empty if it does not exist.
    package static func read<Record>(
        _ path: String, _ parse: ([UInt8]) -> Content<Record>
    ) -> Result<Content<Record>, FileFailure> {
        guard access(path, F_OK) == 0 else { return .success(([], 0)) }
        return FileReader.readRegular(path, limit: readBytes).map(parse)
    }

    /// Reads a file at the start; logs damaged lines, such as the torn one that a loss of power
    /// leaves.
    static func load<Record>(
        _ path: String, log: Log, _ parse: ([UInt8]) -> Content<Record>
    ) throws(StartError) -> Content<Record> {
        do throws(FileFailure) {
            let content = try read(path, parse).get()
            if content.bad > 0 {
                log.warning("skipped damaged lines", ["file": path, "n": "\(content.bad)"])
            }
            return content
        } catch {
            let path = QuotedText.quoted(path, limit: 200)
            throw StartError(
                setting: "\(VariableName.stateDir): \(path) cannot be read (\(error.reason))")
        }
    }
}
