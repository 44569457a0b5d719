// SPDX-License-Identifier: MIT

import CLinux
import Glibc
package import PasserelleNet

/// The program that this process runs, as a file that may be replaced meanwhile.
package struct ProgramOnDisk {
    /// The environment variable with the number of the socket to the running process.
    private static let socketVariable = "HANDOVER_SOCKET"
    /// The number of that socket in the new process.
    private static let socketNumber: Int32 = 3

    package let path: String
    private let arguments: [String]

    /// Finds this process's own program; call it at the start, before the file can be replaced.
    package static func current() -> ProgramOnDisk? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map(UInt8.init), as: UTF8.self)
        return ProgramOnDisk(path: path, arguments: CommandLine.arguments)
    }

    /// Creates a program with arguments; the first is its name.
    package init(path: String, arguments: [String]) {
        self.path = path
        self.arguments = arguments
    }

    /// Starts it with this process's environment and the socket; returns its process id.
    ///
    /// It may need the manager's watchdog limit, of which this process has cleared the variable.
    package func start(
        with socket: Int32, watchdog: Duration?
    ) throws(SystemError) -> Int32 {
        var added = ["\(Self.socketVariable)=\(Self.socketNumber)"]
        if let watchdog {
            added.append("WATCHDOG_USEC=\(Int64(watchdog / .microseconds(1)))")
        }
        var child: pid_t = 0
        let arguments = arguments.map { strdup($0) } + [nil]
        let environment = added.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        let code = CLinux_spawn(
            path, arguments, environment, socket, Self.socketNumber, &child)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code) }
        return child
    }

    /// Returns the socket to the running process if this process was started to replace it; removes
    /// it from the environment.
    package static func inheritedSocket() -> Int32? {
        guard let value = getenv(socketVariable) else { return nil }
        let number = Int32(String(cString: value))
        unsetenv(socketVariable)
        guard let number, number > 2, DescriptorKind(of: number) != .noSocket else {
            return nil
        }
        return number
    }

    /// Ends a started process at once, and returns how it ended, in one clause.
    package static func end(_ child: Int32) -> String {
        kill(child, SIGKILL)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? "it ended with exit code \(status >> 8 & 0xFF)" : "it was ended"
    }
}
