// SPDX-License-Identifier: MIT
import FuzzTargets
import PasserelleTesting
import Testing

/// What the fuzzer starts from, and what it once found, holds without it too.
struct FuzzCorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every input of the corpus keeps the rules, whole and cut short`(target: FuzzTarget) throws
    {
        let files = try Corpus.files(of: target)
        #expect(files.count >= 3, "\(target.rawValue) has too small a corpus")
        for file in files {
            target.run(file)
            // Each beginning of it, of which the short ones are the ones that differ.
            for length in 0..<min(file.count, 300) { target.run(Array(file[..<length])) }
        }
    }
}
