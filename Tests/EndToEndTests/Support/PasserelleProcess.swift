// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The real binary, running one command with exactly the variables given.
final class PasserelleProcess {
    let command: String
    private let process: Subprocess

    /// Starts it; fails with a clear sentence where there is no binary.
    init(_ command: String, _ arguments: [String], _ variables: [String: String]) throws {
        self.command = command
        process = try Subprocess(
            "env", Self.words([command] + arguments, variables, binary: Self.binary()))
    }

    /// The binary under test.
    static func binary() throws -> String {
        if let path = ProcessEnvironment.value("PASSERELLE_TEST_BINARY") {
            guard Subprocess.isExecutable(path) else {
                throw TestFailure("PASSERELLE_TEST_BINARY names \(path), which is no program")
            }
            return path
        }
        let path = Subprocess.packageFolder + "/.build/debug/passerelle"
        guard Subprocess.isExecutable(path) else {
            throw TestFailure("there is no \(path): run swift build, or ./Tests/run")
        }
        return path
    }

    /// What `env` takes to run the binary with these variables and no others, but for those that a
    /// sanitizer in it is told its options by.
    static func words(
        _ arguments: [String], _ variables: [String: String], binary: String
    ) -> [String] {
        ["-i", "PATH=/usr/bin:/bin"] + Sanitizer.options
            + variables.sorted { $0.key < $1.key }.map { "\($0)=\($1)" } + [binary] + arguments
    }

    var pid: Int32 { process.pid }
    var output: String { process.output }
    var errors: String { process.errors }
    var hasEnded: Bool { process.hasEnded }
    var status: Int32? { process.status }
    var hasDumpedCore: Bool { process.hasDumpedCore }

    func signal(_ number: Int32) { process.signal(number) }

    /// The lines of its log that hold all of these words.
    func lines(with words: String...) -> [Substring] {
        errors.split(separator: "\n").filter { line in words.allSatisfy { line.contains($0) } }
    }

    /// A field's value in the newest line with these words; quotes are taken off.
    func field(_ name: String, inLineWith words: String...) -> String? {
        let line = errors.split(separator: "\n").last { line in
            words.allSatisfy { line.contains($0) }
        }
        guard let line, let start = line.firstRange(of: " \(name)=")?.upperBound else { return nil }
        let value = line[start...].prefix { $0 != " " }
        return String(value).replacing("\"", with: "")
    }
}
