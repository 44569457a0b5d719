// SPDX-License-Identifier: MIT
import Foundation
import Glibc
import PasserelleTesting

import PasserelleDaemon

/// A Unix socket that says what a script says, one connection after the other, on its own thread.
final class ScriptedGateway {
    /// One connection, as the script sees it.
    final class Peer: Sendable {
        private let descriptor: Int32
        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// The next line that the client says, without its LF; empty at the end.
        func hear() -> String {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
            return String(decoding: line, as: UTF8.self)
        }

        /// Says text as it stands.
        func say(_ text: String) {
            _ = Array(text.utf8).withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }

        /// Waits until the client has gone.
        func waitForEnd() {
            while !hear().isEmpty {}
        }
    }

    /// What happens on one connection; it ends when the script does.
    typealias Script = @Sendable (Peer) -> Void

    /// Where it listens.
    let path: String
    private let folder: TemporaryFolder

    /// Listens, and plays the scripts in their order; behind the last one nobody listens.
    init(_ scripts: Script...) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("gateway.sock")
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                bind(listener, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        guard code == 0, listen(listener, 8) == 0 else {
            throw TestFailure("cannot listen: \(errno)")
        }
        self.path = path
        self.folder = folder
        Thread.detachNewThread {
            for script in scripts {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                script(Peer(descriptor))
                close(descriptor)
            }
            close(listener)
        }
    }
}

/// What a client command wrote.
final class ClientRecord {
    var lines: [String] = []
    var complaints: [String] = []
    /// How many lines are read before the reader goes away.
    var patience = Int.max
    var input: Result<[UInt8], FileFailure> = .success([])

    /// Streams that end here; `watched` as a command's standard output would be.
    func streams(watched: Int32? = nil) -> ClientStreams {
        ClientStreams(
            output: { [self] bytes in
                guard lines.count < patience else { return false }
                lines.append(String(decoding: bytes, as: UTF8.self))
                return true
            },
            complain: { [self] in complaints.append($0) }, input: { [self] in input },
            watched: watched)
    }
}
