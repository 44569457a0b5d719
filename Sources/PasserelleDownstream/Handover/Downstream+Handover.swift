// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleHub
import PasserelleNet
package import PasserelleWire

/// A connection that another process can continue.
package struct HandedOverConnection {
    package let kind: HandoverPart
    package let descriptor: Int32
    package let bytes: [UInt8]
    /// Closes the descriptor here, once the other process has its own.
    package let release: () -> Void
}

extension Downstream {
    /// True if no command of the Unix socket waits for its answer.
    package var isQuiet: Bool { lines.connections.values.allSatisfy(\.isQuiet) }

    /// The connections that another process can continue; call `settle` before.
    ///
    /// Not among them are TLS, the operators' connections, tests of `/diagnose`, and requests that
    /// must not be repeated; these end here.
    package var handedOverConnections: [HandedOverConnection] {
        context.streams.all.compactMap(\.handedOver)
            + http.connections.values.compactMap(\.handedOver)
            + lines.connections.values.compactMap(\.handedOver)
    }

    /// Answers the commands of the Unix socket that still wait.
    package func settle() {
        for connection in Array(lines.connections.values) { connection.settle() }
    }

    /// Continues a connection of another process, and takes over its descriptor.
    ///
    /// Returns `false` if the connection is closed instead.
    package func takeOver(_ kind: HandoverPart, _ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        let link: Link
        do throws(SystemError) {
            link = try Link(loop: context.loop, adopting: descriptor)
        } catch {
            return false
        }
        do throws(HandoverError) {
            var reader = HandoverReader(bytes)
            switch kind {
            case .stream: try EventStreamReader.takeOver(&reader, link, context)
            case .http: try HTTPConnection.takeOver(&reader, link, http)
            case .line: try LineConnection.takeOver(&reader, link, lines)
            default: throw .malformed
            }
            return true
        } catch {
            link.close()
            return false
        }
    }

    /// The revocations in the form that `restore(revocation:)` reads.
    package var handedOverRevocations: [[UInt8]] {
        var all: [[UInt8]] = []
        forEachRevocation { userID, channel, time in
            var writer = HandoverWriter()
            writer.text(userID)
            writer.text(channel)
            writer.number(time)
            all.append(writer.bytes)
        }
        return all
    }

    /// Restores a revocation of another process.
    package func restore(revocation bytes: [UInt8]) throws(HandoverError) {
        var reader = HandoverReader(bytes)
        let userID = try reader.requiredText()
        let channel = try reader.text()
        let time = Int64(truncatingIfNeeded: try reader.number())
        _ = restore(revocationOf: userID, channel: channel, at: time)
    }
}

extension HTTPConnection {
    /// The connection for another process; `nil` if it must end here.
    ///
    /// A request that waits for its answer is handed over as it was received, with the rest of its
    /// `wait`; the other process serves it again.
    fileprivate var handedOver: HandedOverConnection? {
        guard refusal == nil, let (received, isKept) = server.handover else { return nil }
        var input: [UInt8] = []
        if isAnswering {
            guard let request else { return nil }
            input = HTTPWriter.request(waitingLess(request))
        }
        var unsent = link.waitingOutput
        if var output {
            while output.count > 0 {
                var piece: [UInt8] = []
                guard output.fill(&piece, context.encoder), !piece.isEmpty else { return nil }
                output.took(piece.count, context.encoder)
                unsent += piece
            }
        }
        var writer = HandoverWriter()
        writer.run(input + received)
        writer.run(unsent)
        writer.flag(isKept)
        return HandedOverConnection(
            kind: .http, descriptor: link.fileDescriptor, bytes: writer.bytes,
            release: { self.abandon() })
    }

    /// Returns the request with the rest of its `wait`, at least one second.
    private func waitingLess(_ request: HTTPRequest) -> HTTPRequest {
        guard let query = request.query else { return request }
        let passed = Int((context.loop.now - lastRequest).components.seconds)
        let items = query.split(separator: "&", omittingEmptySubsequences: false).map { item in
            guard item.hasPrefix("wait="), let wait = Int(item.dropFirst(5)), wait > 0 else {
                return String(item)
            }
            return "wait=\(max(1, min(wait, ReadRequest.longestWait) - passed))"
        }
        var request = request
        request.target = request.path + "?" + items.joined(separator: "&")
        return request
    }

    fileprivate static func takeOver(
        _ reader: inout HandoverReader, _ link: Link, _ service: HTTPService
    ) throws(HandoverError) {
        let input = try reader.requiredRun()
        let unsent = try reader.requiredRun()
        let isKept = try reader.flag()
        guard reader.isAtEnd else { throw .malformed }
        guard let connection = service.tookOver(link) else { return }
        link.send(unsent)
        connection.server.continueHandedOver(with: input, isKept: isKept)
    }
}
