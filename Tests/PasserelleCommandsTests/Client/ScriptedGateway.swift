// SPDX-License-Identifier: MIT
@testable import PasserelleCommands
@testable import PasserelleConfiguration
import Foundation
import Glibc
import PasserelleNet
import PasserelleTesting

import PasserelleDaemon

/// A server on a Unix socket that runs scripts, one per connection, on its own thread.
final class ScriptedGateway {
    /// One connection, for the script.
    final class Peer: Sendable {
        private let descriptor: Int32
        fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// Reads the client's next line, without its LF; empty at the end.
        func readLine() -> String {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
            return String(decoding: line, as: UTF8.self)
        }

        /// Sends text unchanged.
        func write(_ text: String) {
            _ = Array(text.utf8).withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }

        /// Waits until the client disconnects.
        func waitForEnd() {
            while !readLine().isEmpty {}
        }
    }

    /// The script of one connection, which is closed when the script returns.
    typealias Script = @Sendable (Peer) -> Void

    /// The path of the socket.
    let path: String
    private let directory: TemporaryDirectory

    /// Listens and runs the scripts in order; closes the socket after the last one.
    init(_ scripts: Script...) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("gateway.sock")
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
        self.directory = directory
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

/// The output of a client command.
final class ClientRecord {
    var lines: [String] = []
    var reports: [String] = []
    /// The number of lines accepted before the output is closed.
    var lineLimit = Int.max
    var input: Result<[UInt8], FileFailure> = .success([])

    /// Streams that write to this record; `watched` stands for a command's standard output.
    func streams(watched: Int32? = nil) -> ClientStreams {
        ClientStreams(
            output: { [self] bytes in
                guard lines.count < lineLimit else { return false }
                lines.append(String(decoding: bytes, as: UTF8.self))
                return true
            },
            report: { [self] in reports.append($0) }, input: { [self] in input },
            watched: watched)
    }
}
