// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

struct SubprocessTests {
    @Test func `output, errors and status are kept`() throws {
        let result = try Subprocess.run(
            "sh", ["-c", "cat; echo bad >&2; exit 3"], input: "good\n")
        #expect(result.status == 3)
        #expect(result.output == "good\n")
        #expect(result.errors == "bad\n")
    }

    @Test func `environment and directory are passed on`() throws {
        let result = try Subprocess.run(
            "sh", ["-c", "echo $WORD; pwd"], environment: ["WORD": "a b"], directory: "/usr")
        #expect(result.output == "a b\n/usr\n")
    }

    @Test func `a process ended by a signal has the signal as its status`() throws {
        let process = try Subprocess("sleep", ["100"])
        #expect(process.status == nil)
        process.signal(15)
        #expect(try process.wait().status == 143)
    }

    @Test func `a process that takes too long is killed with its children, and its output is kept`()
        throws
    {
        let process = try Subprocess("sh", ["-c", "echo begun; sleep 100 | sleep 100"])
        while process.output.isEmpty { Subprocess.rest() }
        let error = #expect(throws: SubprocessError.self) {
            try process.wait(upTo: .milliseconds(10))
        }
        #expect(
            error == .timedOut(after: .milliseconds(10), output: "begun\n", errors: ""))
        #expect(process.status == 137)
    }

    @Test func `a process is ended when its object is released`() throws {
        var process: Subprocess? = try Subprocess("sleep", ["100"])
        let pid = try #require(process?.pid)
        process = nil
        #expect(try Subprocess.run("ps", ["-p", "\(pid)"]).status == 1)
    }

    @Test func `a missing program is an error`() {
        #expect(throws: SubprocessError.self) { try Subprocess("/nonexistent/program") }
    }
}
