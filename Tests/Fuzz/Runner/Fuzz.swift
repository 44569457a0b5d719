// SPDX-License-Identifier: MIT
import CFuzzer
import FuzzTargets
import Glibc

/// Runs one fuzz target with libFuzzer: `Fuzz TARGET [libFuzzer arguments]`.
@main
enum Fuzz {
    /// The target of the callback: set once, before libFuzzer starts on the same thread.
    nonisolated(unsafe) private static var target = FuzzTarget.json

    static func main() {
        guard let named = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init) else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            quit("usage: Fuzz TARGET [libFuzzer arguments]; TARGET is one of \(names)", 64)
        }
        target = named
        // libFuzzer must not see the target's name.
        var arguments = CommandLine.unsafeArgv
        arguments[1] = arguments[0]
        arguments += 1
        let status = fuzz_run(CommandLine.argc - 1, arguments) { bytes, count in
            let input = UnsafeBufferPointer(start: bytes, count: count)
            Fuzz.target.run(Array(input))
            return 0
        }
        guard status >= 0 else { quit("built without libFuzzer; use Tests/Fuzz/run", 1) }
        exit(status)
    }

    private static func quit(_ message: String, _ status: Int32) -> Never {
        let line = Array((message + "\n").utf8)
        _ = write(2, line, line.count)
        exit(status)
    }
}
