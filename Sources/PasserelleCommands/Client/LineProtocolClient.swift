// SPDX-License-Identifier: MIT

import Glibc
import PasserelleConfiguration
import PasserelleNet
package import PasserelleWire

/// A client's connection to a gateway's Unix socket; its calls block.
package final class LineProtocolClient {
    /// The result of waiting for a line.
    package enum Arrival: Equatable {
        /// A reply or an event.
        case reply(LineReply)
        /// The gateway closed the connection.
        case ended
        /// No line arrived in time.
        case timedOut
        /// The bytes received are not the line protocol.
        case garbled
        /// The process's output has no reader any more.
        case unread
    }

    /// The longest reply accepted, in bytes; members and histories are longer than commands.
    package static let answerBytes = 16 << 20

    private let path: String
    private let descriptor: Int32
    private var splitter = LineSplitter(limit: LineProtocolClient.answerBytes)
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// Connects to the socket at `path`.
    package init(path: String) throws(GatewayUnreachable) {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .connect(path: path, errno) }
        guard let address = SocketAddress(unixPath: path) else {
            close(descriptor)
            throw .connect(path: path, ENAMETOOLONG)
        }
        var code: Int32 = 0
        repeat {
            code = address.connect(descriptor)
        } while code == EINTR
        guard code == 0 else {
            close(descriptor)
            throw .connect(path: path, code)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends a command; a failure shows as the end of the connection.
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

    /// Waits for the gateway's next line, at most `limit`; ends early if the reader of the
    /// descriptor `watched` goes away.
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

    /// Sends a command and waits for its answer; events received meanwhile are dropped.
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

    /// Reads the bytes available; returns false at the end of the connection.
    private func receive() -> Bool {
        let count = read(descriptor, &buffer, buffer.count)
        let failure = errno
        guard count > 0 else { return count < 0 && failure == EINTR }
        let bytes = Array(buffer[..<count])
        splitter.append(bytes.span)
        return true
    }
}
