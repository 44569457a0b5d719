// SPDX-License-Identifier: MIT
import FoundationEssentials
import FuzzTargets

/// The seed inputs of the fuzz targets, which are stored beside them.
enum Corpus {
    /// Returns the contents of all files in a target's directory, ordered by name.
    static func files(of target: FuzzTarget, from file: String = #filePath) throws -> [[UInt8]] {
        let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
        let directory = "/\(tests)/Fuzz/Corpus/\(target.rawValue)"
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map {
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\($0)")))
        }
    }
}
