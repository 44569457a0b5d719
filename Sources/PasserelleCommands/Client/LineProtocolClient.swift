// SPDX-License-Identifier: MIT

import Glibc
import PasserelleConfiguration
import PasserelleLog
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

/// The result of waiting on a descriptor.
package enum Readiness: Equatable {
    /// The descriptor has bytes to read, or has reached its end.
    case ready
    /// The watched descriptor has no reader any more.
    case unread
    /// The time limit has passed.
    case nothing

    /// Waits with poll(2) until `descriptor` is readable, or the reader of `watched` has gone.
    package static func wait(
        reading descriptor: Int32?, watching watched: Int32?, within limit: Duration?
    ) -> Readiness {
        let deadline = limit.map { ContinuousClock.now + $0 }
        while true {
            // poll ignores a negative descriptor.
            var waits = [
                pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watched ?? -1, events: 0, revents: 0),
            ]
            let rest = deadline.map { milliseconds($0 - .now) } ?? -1
            let count = poll(&waits, 2, rest)
            if waits[1].revents != 0 { return .unread }
            if count > 0 { return .ready }
            if count == 0, deadline.map({ $0 <= .now }) ?? false { return .nothing }
        }
    }

    /// Whole milliseconds, at most a minute; rounded up, so that the last wait does not become
    /// zero.
    private static func milliseconds(_ rest: Duration) -> Int32 {
        guard rest > .zero else { return 0 }
        guard rest < .seconds(60) else { return 60_000 }
        return Int32(rest / .milliseconds(1)) + 1
    }
}

/// Why a running gateway could not be used through its Unix socket.
package enum GatewayUnreachable: Error, Equatable, Sendable {
    /// Connecting to the socket failed with this `errno`.
    case connect(path: String, Int32)
    /// The connection ended before the answer.
    case ended(path: String)
    /// No answer arrived within `limit`.
    case timedOut(path: String, limit: Duration)
    /// The bytes received are not the line protocol.
    case garbled(path: String)

    /// The process's exit code: EX_UNAVAILABLE.
    package static let exitCode: Int32 = 69

    /// One line with the reason and the remedy.
    package var message: String {
        switch self {
        case .connect(let path, let code):
            "cannot reach the gateway at \(shown(path)): \(FileFailure.refused(code).reason); "
                + Self.remedy(code)
        case .ended(let path):
            "the gateway at \(shown(path)) closed the connection; see its log"
        case .timedOut(let path, let limit):
            "the gateway at \(shown(path)) did not answer within \(limit.settingText);"
                + " see its log"
        case .garbled(let path):
            "the server at \(shown(path)) is not a gateway; set the socket with --ipc PATH"
        }
    }

    private func shown(_ path: String) -> String { QuotedText.word(path, limit: 200) }

    private static func remedy(_ code: Int32) -> String {
        code == EACCES || code == EPERM
            ? "check the socket's owner, group and mode"
            : "start it with 'passerelle serve', or set its socket with --ipc PATH"
    }
}
