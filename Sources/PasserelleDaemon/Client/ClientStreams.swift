// SPDX-License-Identifier: MIT

import Glibc

/// What a client command reads and writes besides its connection.
package struct ClientStreams {
    /// Writes bytes for whoever asked; false where nobody reads them any more.
    package var output: ([UInt8]) -> Bool
    /// Writes one line for people, without a line break at its end.
    package var complain: (String) -> Void
    /// Gives all of standard input, or the reason why not.
    package var input: () -> Result<[UInt8], FileFailure>
    /// The descriptor whose reader's going away ends a command; nil: none.
    package var watched: Int32?

    /// Streams from their parts.
    package init(
        output: @escaping ([UInt8]) -> Bool, complain: @escaping (String) -> Void,
        input: @escaping () -> Result<[UInt8], FileFailure>, watched: Int32?
    ) {
        self.output = output
        self.complain = complain
        self.input = input
        self.watched = watched
    }

    /// The process's own streams.
    ///
    /// A reader that has gone is told by `output`, not by a signal.
    package static func process() -> ClientStreams {
        signal(SIGPIPE, SIG_IGN)
        return ClientStreams(
            output: { Terminal.write($0, to: STDOUT_FILENO) },
            complain: { Terminal.writeLine("passerelle: " + $0, to: STDERR_FILENO) },
            input: { Surroundings.read(STDIN_FILENO, limit: PublishCommand.dataBytes) },
            watched: STDOUT_FILENO)
    }

    /// Writes `text` and a line break.
    func line(_ text: String) -> Bool { output(Array(text.utf8) + [0x0A]) }
}
