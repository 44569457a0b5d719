// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The processor time used by a process, in ticks of `sysconf(_SC_CLK_TCK)` (proc(5), fields 14
/// and 15 of `stat`).
func processorTicks(of pid: Int32) throws -> Int {
    let text = try Subprocess.run("cat", ["/proc/\(pid)/stat"]).output
    // The name may contain spaces; the third field follows the closing parenthesis.
    let words = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard words.count > 12, let user = Int(words[11]), let system = Int(words[12]) else {
        throw TestFailure("no times in \(text)")
    }
    return user + system
}
