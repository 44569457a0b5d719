// SPDX-License-Identifier: MIT
import FoundationEssentials
import FuzzTargets

/// The inputs that fuzzing begins with, as they stand beside the targets.
enum Corpus {
    /// The contents of every file of a target's folder, in the order of their names.
    static func files(of target: FuzzTarget, from file: String = #filePath) throws -> [[UInt8]] {
        let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
        let folder = "/\(tests)/Fuzz/Corpus/\(target.rawValue)"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)")))
        }
    }
}
