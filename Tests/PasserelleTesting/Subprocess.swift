// SPDX-License-Identifier: MIT
package import Glibc

/// A program run by a test; it never outlives this object, nor the test process.
///
/// Its output is kept. It leads its own process group, which is killed as a whole. Standard input
/// is a stream that stays open until `closeInput`. Must not be used by several threads.
package final class Subprocess {
    package let pid: pid_t
    private let outputFile: CaptureFile
    private let errorFile: CaptureFile
    private var inputDescriptor: Int32
    private var rawStatus: Int32?

    /// Starts a program by path or name in `PATH`; `environment` is added to this process's.
    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:],
        directory: String? = nil
    ) throws(SubprocessError) {
        outputFile = try CaptureFile()
        errorFile = try CaptureFile()
        var ends: [Int32] = [-1, -1]
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else { throw .system(call: "socketpair", errno) }
        inputDescriptor = ends[0]
        defer { close(ends[1]) }
        let words =
            directory.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0] } ?? []
        do throws(SubprocessError) {
            pid = try Subprocess.spawn(
                words + [program] + arguments, environment,
                descriptors: [ends[1], outputFile.descriptor, errorFile.descriptor])
        } catch {
            close(ends[0])
            throw error
        }
        Survivors.add(pid)
    }

    deinit {
        if !hasEnded {
            kill(-pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            Survivors.remove(pid)
        }
        closeInput()
    }

    /// The standard output so far.
    package var output: String { outputFile.text }

    /// The standard error so far.
    package var errors: String { errorFile.text }

    /// True if the program has ended; asks the kernel, but does not wait.
    package var hasEnded: Bool {
        if rawStatus != nil { return true }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return false }
        rawStatus = status
        Survivors.remove(pid)
        return true
    }

    /// The exit status, or 128 plus the signal that ended it; `nil` while it runs.
    package var status: Int32? {
        guard hasEnded, let rawStatus else { return nil }
        return rawStatus & 0x7F == 0 ? (rawStatus >> 8) & 0xFF : 128 + (rawStatus & 0x7F)
    }

    /// True if it ended with a core file.
    package var hasDumpedCore: Bool { hasEnded && (rawStatus ?? 0) & 0x80 != 0 }

    /// Writes text to its standard input; text is lost if the program no longer reads.
    package func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                send(inputDescriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Closes its standard input.
    package func closeInput() {
        guard inputDescriptor >= 0 else { return }
        close(inputDescriptor)
        inputDescriptor = -1
    }

    /// Sends a signal to the program, not to its group.
    package func signal(_ number: Int32) {
        if !hasEnded { kill(pid, number) }
    }

    /// Waits until it ends, and kills it if that takes longer than `limit`.
    ///
    /// `meanwhile` runs repeatedly. If an event loop of the test serves the program, turn it there.
    package func wait(
        upTo limit: Duration = hangLimit, meanwhile: () throws -> Void = Subprocess.rest
    ) throws -> SubprocessResult {
        let deadline = ContinuousClock.now + limit
        while !hasEnded {
            guard ContinuousClock.now < deadline else {
                kill(-pid, SIGKILL)
                while !hasEnded { Subprocess.rest() }
                throw SubprocessError.timedOut(after: limit, output: output, errors: errors)
            }
            try meanwhile()
        }
        return SubprocessResult(status: status ?? -1, output: output, errors: errors)
    }

    /// Runs a program to its end, with `input` as its whole standard input.
    package static func run(
        _ program: String, _ arguments: [String] = [], input: String = "",
        environment: [String: String] = [:], directory: String? = nil,
        upTo limit: Duration = hangLimit, meanwhile: () throws -> Void = Subprocess.rest
    ) throws -> SubprocessResult {
        let process = try Subprocess(
            program, arguments, environment: environment, directory: directory)
        process.write(input)
        process.closeInput()
        return try process.wait(upTo: limit, meanwhile: meanwhile)
    }

    /// Sleeps for two milliseconds.
    package static func rest() {
        usleep(2000)
    }
}

/// The exit status and output of a program.
package struct SubprocessResult: Equatable, Sendable {
    /// The exit status, or 128 plus the signal that ended it.
    package let status: Int32
    package let output: String
    package let errors: String
}

/// The reason a program could not be run to its end.
package enum SubprocessError: Error, Equatable, Sendable {
    case system(call: String, Int32)
    /// It was killed. Its output until then may show the reason.
    case timedOut(after: Duration, output: String, errors: String)
}
