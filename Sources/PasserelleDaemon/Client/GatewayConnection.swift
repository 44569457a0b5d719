// SPDX-License-Identifier: MIT

import Glibc
import PasserelleNet
package import PasserelleWire

/// A client's connection to a gateway's Unix socket; waits in the call that asks.
package final class GatewayConnection {
    /// What came of waiting.
    package enum Arrival: Equatable {
        /// The gateway says something.
        case reply(LineReply)
        /// The gateway ended the connection.
        case ended
        /// Nothing came in time.
        case timedOut
        /// What came is not the line protocol.
        case garbled
        /// Nobody reads what the process writes any more.
        case unread
    }

    /// The longest answer that is read, in bytes: members and histories are longer than commands.
    package static let answerBytes = 16 << 20

    private let path: String
    private let descriptor: Int32
    private var splitter = LineSplitter(limit: GatewayConnection.answerBytes)
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// Connects to the socket at `path`.
    package init(path: String) throws(GatewayUnreachable) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .connect(path: path, errno) }
        guard let address = Self.address(path) else {
            close(descriptor)
            throw .connect(path: path, ENAMETOOLONG)
        }
        var code: Int32 = 0
        repeat {
            code = withUnsafeBytes(of: address) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) == 0 ? 0 : errno
                }
            }
        } while code == EINTR
        guard code == 0 else {
            close(descriptor)
            throw .connect(path: path, code)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends a command; what cannot be sent shows as the connection's end.
    package func send(_ command: LineCommand) {
        let bytes = command.encoded()
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                Glibc.send(
                    descriptor, all.baseAddress?.advanced(by: done), all.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Waits for the next thing the gateway says, at most `limit`, and no longer than somebody
    /// reads from the descriptor `watched`.
    package func next(within limit: Duration?, watching watched: Int32? = nil) -> Arrival {
        let deadline = limit.map { ContinuousClock.now + $0 }
        while true {
            do throws(LineError) {
                if let line = try splitter.next() { return .reply(try LineReply.parse(line.span)) }
            } catch {
                return .garbled
            }
            let rest = deadline.map { max(.zero, $0 - .now) }
            switch Readiness.wait(reading: descriptor, watching: watched, within: rest) {
            case .unread: return .unread
            case .nothing: return .timedOut
            case .ready:
                guard receive() else { return .ended }
            }
        }
    }

    /// Sends a command and waits for the answer to it; events that come before are left out.
    package func ask(
        _ command: LineCommand, within limit: Duration
    ) throws(GatewayUnreachable) -> LineReply {
        send(command)
        while true {
            switch next(within: limit) {
            case .reply(.event): continue
            case .reply(let reply): return reply
            case .ended, .unread: throw .ended(path: path)
            case .timedOut: throw .timedOut(path: path, limit: limit)
            case .garbled: throw .garbled(path: path)
            }
        }
    }

    /// Takes what has come; false at the connection's end.
    private func receive() -> Bool {
        let count = read(descriptor, &buffer, buffer.count)
        let failure = errno
        guard count > 0 else { return count < 0 && failure == EINTR }
        let bytes = Array(buffer[..<count])
        splitter.append(bytes.span)
        return true
    }

    private static func address(_ path: String) -> sockaddr_un? {
        guard path.utf8.count <= ListenAddress.unixPathLimit else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}
