// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The real binary, running one command with exactly the given variables.
final class PasserelleProcess {
    let command: String
    private let process: Subprocess

    /// Starts it, or a copy of it at the path `binary`.
    ///
    /// Throws with a clear message if there is no binary.
    init(
        _ command: String, _ arguments: [String], _ variables: [String: String],
        binary: String? = nil
    ) throws {
        self.command = command
        process = try Subprocess(
            "env", Self.words([command] + arguments, variables, binary: binary ?? Self.binary()))
    }

    /// The binary under test.
    static func binary() throws -> String {
        if let path = TestEnvironment.value("PASSERELLE_TEST_BINARY") {
            guard Subprocess.isExecutable(path) else {
                throw TestFailure("PASSERELLE_TEST_BINARY names \(path), which is no program")
            }
            return path
        }
        let path = Subprocess.packageDirectory + "/.build/debug/passerelle"
        guard Subprocess.isExecutable(path) else {
            throw TestFailure("there is no \(path): run swift build, or ./Tests/run")
        }
        return path
    }

    /// The arguments of `env` that run the binary with only these variables, and the options of its
    /// sanitizer if it has one.
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

    /// The lines of its log that contain all of these words.
    func lines(with words: String...) -> [Substring] {
        errors.split(separator: "\n").filter { line in words.allSatisfy { line.contains($0) } }
    }

    /// The unquoted value of a field in the newest line with these words.
    func field(_ name: String, inLineWith words: String...) -> String? {
        let line = errors.split(separator: "\n").last { line in
            words.allSatisfy { line.contains($0) }
        }
        guard let line, let start = line.firstRange(of: " \(name)=")?.upperBound else { return nil }
        let value = line[start...].prefix { $0 != " " }
        return String(value).replacing("\"", with: "")
    }
}
