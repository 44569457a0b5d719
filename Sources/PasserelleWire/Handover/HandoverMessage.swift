// SPDX-License-Identifier: MIT

/// A message between the process that runs and the one that replaces it.
///
/// A frame is its kind, the number of its descriptors, the length of its payload in four bytes,
/// little-endian, and the payload. The descriptors come with the frame's first byte.
package enum HandoverMessage: Equatable, Sendable {
    /// The first message of each side: the version of this protocol, and the program's.
    case hello(version: UInt64, program: String)
    /// A listener, with one descriptor: the name that systemd would give it, and the file that the
    /// listener removes at its end, if it bound one.
    case listener(name: String, file: String?)
    /// Channels that the running process has subscribed, besides those named earlier.
    case wanted([String])
    /// The new process is working; sent at least every second.
    case alive
    /// The new process is connected to Channels.
    case connected
    /// It has lost this connection, and with it all subscriptions.
    case lost
    /// Channels has answered the new process about these channels.
    case answered([String])
    /// A part of the state, with one descriptor if it is a reader's.
    case part(HandoverPart, [UInt8])
    /// The state is complete.
    case complete
    /// The new process has everything that it needs to serve.
    case taken
    /// The new process serves from now on. The running process cannot take this back.
    case go
    /// The new process gives up, with the reason in one clause.
    case failed(String)
    /// The new process has its own delegated members; the old one can end.
    case settled
}

/// The kinds of parts of a state.
package enum HandoverPart: UInt8, CaseIterable, Sendable {
    /// A piece of the hub's state.
    case hub = 1
    /// The digests of the events that one channel received lately.
    case received
    /// A revocation.
    case revocation
    /// A user that is a member through the gateway.
    case delegate
    /// An event stream, with its descriptor.
    case stream
    /// Another connection for HTTP, with its descriptor.
    case http
    /// A connection to the Unix socket, with its descriptor.
    case line
}

extension HandoverMessage {
    /// The version of the protocol; a process hands over only to one with the same version.
    package static let version: UInt64 = 1
    /// The longest payload in bytes; the longest part is an event of 16 MiB.
    package static let limit = 20 * 1_048_576
    /// The bytes of a frame before its payload.
    package static let headBytes = 6
    /// The longest reason in bytes.
    package static let reasonBytes = 300

    /// The number of descriptors that accompany the message.
    package var descriptors: Int {
        switch self {
        case .listener, .part(.stream, _), .part(.http, _), .part(.line, _): 1
        default: 0
        }
    }

    /// The frame.
    package var encoded: [UInt8] {
        let payload = payload
        var frame = [kind, UInt8(descriptors)]
        for shift in stride(from: 0, to: 32, by: 8) {
            frame.append(UInt8(truncatingIfNeeded: payload.count >> shift))
        }
        return frame + payload
    }

    private var kind: UInt8 {
        switch self {
        case .hello: 1
        case .listener: 2
        case .wanted: 3
        case .alive: 4
        case .connected: 5
        case .lost: 6
        case .answered: 7
        case .part: 8
        case .complete: 9
        case .taken: 10
        case .go: 11
        case .failed: 12
        case .settled: 13
        }
    }

    private var payload: [UInt8] {
        var writer = HandoverWriter()
        switch self {
        case .hello(let version, let program):
            writer.number(version)
            writer.text(program)
        case .listener(let name, let file):
            writer.text(name)
            writer.text(file)
        case .wanted(let channels), .answered(let channels): writer.texts(channels)
        case .part(let part, let bytes): return [part.rawValue] + bytes
        case .failed(let reason): writer.text(reason)
        case .alive, .connected, .lost, .complete, .taken, .go, .settled: break
        }
        return writer.bytes
    }

    /// Parses a frame's payload.
    init(kind: UInt8, _ payload: [UInt8]) throws(HandoverError) {
        var reader = HandoverReader(payload)
        switch kind {
        case 1:
            let version = try reader.number()
            // A later version may have more fields.
            self = .hello(version: version, program: try reader.requiredText())
            guard version == Self.version else { return }
        case 2: self = .listener(name: try reader.requiredText(), file: try reader.text())
        case 3: self = .wanted(try reader.texts())
        case 4: self = .alive
        case 5: self = .connected
        case 6: self = .lost
        case 7: self = .answered(try reader.texts())
        case 8:
            guard let first = payload.first, let part = HandoverPart(rawValue: first) else {
                throw .malformed
            }
            self = .part(part, Array(payload.dropFirst()))
            return
        case 9: self = .complete
        case 10: self = .taken
        case 11: self = .go
        case 12:
            let reason = try reader.requiredText()
            guard reason.utf8.count <= Self.reasonBytes else { throw .malformed }
            self = .failed(reason)
        case 13: self = .settled
        default: throw .malformed
        }
        guard reader.isAtEnd else { throw .malformed }
    }
}

/// Parses the frames of one process; it holds at most one frame and the bytes of one `append`.
package struct HandoverParser: Sendable {
    private var input = InputBuffer()
    private var failure: HandoverError?

    package init() {}

    /// Appends received bytes.
    package mutating func append(_ bytes: [UInt8]) {
        if failure == nil { input.append(bytes) }
    }

    /// Returns the next message, or `nil` if it is incomplete.
    ///
    /// After an error, every call throws the same.
    package mutating func next() throws(HandoverError) -> HandoverMessage? {
        if let failure { throw failure }
        do throws(HandoverError) {
            return try parse()
        } catch {
            failure = error
            input = InputBuffer()
            throw error
        }
    }

    private mutating func parse() throws(HandoverError) -> HandoverMessage? {
        guard input.count >= HandoverMessage.headBytes else {
            if input.count > 0, !(1...13).contains(input[0]) { throw .malformed }
            return nil
        }
        let (kind, descriptors) = (input[0], input[1])
        let length = (0..<4).reduce(0) { $0 | Int(input[2 + $1]) << (8 * $1) }
        guard (1...13).contains(kind) else { throw .malformed }
        guard length <= HandoverMessage.limit else { throw .tooLong }
        guard input.count >= HandoverMessage.headBytes + length else { return nil }
        let payload = input.read { bytes in
            [UInt8](capacity: length) { output in
                for index in 0..<length { output.append(bytes[HandoverMessage.headBytes + index]) }
            }
        }
        input.consume(HandoverMessage.headBytes + length)
        let message = try HandoverMessage(kind: kind, payload)
        guard message.descriptors == Int(descriptors) else { throw .malformed }
        return message
    }
}
