// SPDX-License-Identifier: MIT

import Glibc
import PasserelleLog
package import PasserelleNet

/// The streams of a client command, apart from its connection.
package struct ClientStreams {
    /// Writes bytes of output; returns false if the output has no reader any more.
    package var output: ([UInt8]) -> Bool
    /// Writes one line for people, without a line break at its end.
    package var report: (String) -> Void
    /// Reads all of standard input, or returns the reason why it cannot be read.
    package var input: () -> Result<[UInt8], FileFailure>
    /// A descriptor for output; the command ends if its reader goes away; `nil` to watch none.
    package var watched: Int32?

    /// The process's own streams.
    ///
    /// Ignores SIGPIPE: if the reader has gone, `output` returns false.
    package static func process() -> ClientStreams {
        signal(SIGPIPE, SIG_IGN)
        return ClientStreams(
            output: { Terminal.write($0, to: STDOUT_FILENO) },
            report: { Terminal.writeLine("passerelle: " + $0, to: STDERR_FILENO) },
            input: { FileReader.read(STDIN_FILENO, limit: PublishCommand.dataBytes) },
            watched: STDOUT_FILENO)
    }

    /// Writes `text` and a line break.
    package func line(_ text: String) -> Bool { output(Array(text.utf8) + [0x0A]) }
}
