// SPDX-License-Identifier: MIT
import FuzzTargets
import PasserelleTesting
import Testing

/// Runs the seed inputs and the findings of the fuzzer without it.
struct FuzzCorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every corpus input keeps the invariants, whole or as a prefix`(target: FuzzTarget) throws
    {
        let files = try Corpus.files(of: target)
        #expect(files.count >= 3, "\(target.rawValue) has too small a corpus")
        for file in files {
            target.run(file)
            // Each prefix too; the short ones differ most.
            for length in 0..<min(file.count, 300) { target.run(Array(file[..<length])) }
        }
    }
}
