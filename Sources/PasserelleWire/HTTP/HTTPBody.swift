// SPDX-License-Identifier: MIT

/// A decoder that takes one body from a connection's bytes (RFC 9112 §6 and §7).
struct HTTPBody: Sendable {
    /// The maximum length of a chunk's size line in bytes, including extensions, without the line
    /// end.
    static let chunkLineBytes = 256

    private enum State: Sendable {
        case bytes(Int)
        case chunkSize
        case chunkData(Int)
        case chunkEnd
        case trailer(fields: Int, bytes: Int)
        case untilClose
        case complete
    }

    private var state: State
    private var received = 0
    private let limits: HTTPLimits

    /// Creates a decoder for a body with this length.
    init(_ length: HTTPBodyLength, limits: HTTPLimits) {
        self.limits = limits
        switch length {
        case .bytes(let count): state = count == 0 ? .complete : .bytes(count)
        case .chunked: state = .chunkSize
        case .unspecified: state = .untilClose
        }
    }

    /// True if the whole body has been taken.
    var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Handles the end of the connection; returns true if it is a valid end of this body.
    mutating func closedByPeer() -> Bool {
        if case .untilClose = state { state = .complete }
        return isComplete
    }

    /// Moves the received bytes to the end of `body`; returns true if the body is complete.
    ///
    /// Throws before it keeps a chunk above the limit. Trailer fields are checked and dropped.
    mutating func decode(
        from input: inout InputBuffer, into body: inout [UInt8]
    ) throws(HTTPError) -> Bool {
        while true {
            switch state {
            case .complete:
                return true
            case .bytes(let left):
                let rest = move(left, &input, &body)
                state = rest == 0 ? .complete : .bytes(rest)
                guard rest == 0 else { return false }
            case .chunkSize:
                guard let size = try input.take(HTTPBody.chunkSize) else { return false }
                try admit(size)
                state = size == 0 ? .trailer(fields: 0, bytes: 0) : .chunkData(size)
            case .chunkData(let left):
                let rest = move(left, &input, &body)
                state = rest == 0 ? .chunkEnd : .chunkData(rest)
                guard rest == 0 else { return false }
            case .chunkEnd:
                guard try input.take(HTTPBody.chunkEnd) != nil else { return false }
                state = .chunkSize
            case .trailer(let fields, let bytes):
                guard try takeTrailer(&input, fields, bytes) else { return false }
            case .untilClose:
                try admit(input.count)
                input.move(input.count, to: &body)
                return false
            }
        }
    }

    private mutating func admit(_ count: Int) throws(HTTPError) {
        guard count <= limits.bodyBytes - received else {
            throw .bodyTooLarge(limit: limits.bodyBytes)
        }
        received += count
    }

    private func move(_ left: Int, _ input: inout InputBuffer, _ body: inout [UInt8]) -> Int {
        let count = min(left, input.count)
        if count > 0 { input.move(count, to: &body) }
        return left - count
    }

    private mutating func takeTrailer(
        _ input: inout InputBuffer, _ fields: Int, _ bytes: Int
    ) throws(HTTPError) -> Bool {
        let room = limits.trailerBytes - bytes
        let limit = limits.trailerBytes
        let line = try input.take { (span: Span<UInt8>) throws(HTTPError) in
            try HTTPBody.trailerLine(span, room: room, limit: limit)
        }
        guard let line else { return false }
        if line == 2 {
            state = .complete
        } else {
            guard fields < limits.fieldCount else { throw .tooManyFields(limit: limits.fieldCount) }
            state = .trailer(fields: fields + 1, bytes: bytes + line)
        }
        return true
    }

    /// Parses a chunk's size line; extensions are ignored (RFC 9112 §7.1.1).
    private static func chunkSize(
        _ line: Span<UInt8>
    ) throws(HTTPError) -> (used: Int, value: Int)? {
        var size = 0
        var index = 0
        while index < line.count, let digit = HTTPSyntax.hexValue(line[index]) {
            guard size >> 59 == 0, index < chunkLineBytes else { throw .malformedChunkSize }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index < line.count else { return nil }
        guard index > 0 else { throw .malformedChunkSize }
        if line[index] == 0x3B {
            while index < line.count, HTTPSyntax.isFieldByte(line[index]) {
                guard index < chunkLineBytes else { throw .malformedChunkSize }
                index += 1
            }
        }
        guard index < line.count else { return nil }
        guard line[index] == 0x0D else { throw .malformedChunkSize }
        guard index + 1 < line.count else { return nil }
        guard line[index + 1] == 0x0A else { throw .bareLineEnd }
        return (index + 2, size)
    }

    private static func chunkEnd(
        _ line: Span<UInt8>
    ) throws(HTTPError) -> (used: Int, value: Bool)? {
        guard line.count > 0 else { return nil }
        guard line[0] == 0x0D else { throw .malformedChunkEnd }
        guard line.count > 1 else { return nil }
        guard line[1] == 0x0A else { throw .malformedChunkEnd }
        return (2, true)
    }

    private static func trailerLine(
        _ lines: Span<UInt8>, room: Int, limit: Int
    ) throws(HTTPError) -> (used: Int, value: Int)? {
        var index = 0
        let stop = min(lines.count, room)
        while index < stop, lines[index] != 0x0A { index += 1 }
        guard index < stop else {
            guard lines.count < room else { throw .trailerTooLarge(limit: limit) }
            return nil
        }
        guard index > 0, lines[index - 1] == 0x0D else { throw .bareLineEnd }
        if index > 1 { try HTTPHead.check(lines.extracting(0...index)) }
        return (index + 1, index + 1)
    }
}

/// The way in which the end of a body is found (RFC 9112 §6.3).
enum HTTPBodyLength: Equatable, Sendable {
    /// After this number of bytes.
    case bytes(Int)
    /// By the last chunk and its trailer section.
    case chunked
    /// No length is given: a response ends when the peer closes; a request has no body.
    case unspecified
}

extension HTTPFields {
    /// Returns the length of the body; throws if the fields are ambiguous.
    ///
    /// Repeated lengths are refused even if they agree, since another parser of the same bytes
    /// might use only one of them. Throws `bodyTooLarge` before any byte of the body is kept.
    func bodyLength(version: HTTPVersion, limit: Int) throws(HTTPError) -> HTTPBodyLength {
        let lengths = count(of: "content-length")
        guard contains("transfer-encoding") else {
            guard lengths > 0 else { return .unspecified }
            guard lengths == 1, let text = first("content-length") else {
                throw .conflictingLengths
            }
            return .bytes(try HTTPFields.length(text, limit: limit))
        }
        guard lengths == 0 else { throw .conflictingLengths }
        guard version == .http11 else { throw .malformedTransferCoding }
        let codings = all("transfer-encoding").joined(separator: ",").lowercased()
        if codings == "chunked" { return .chunked }
        let list = codings.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
            .map { $0.drop(while: HTTPSyntax.isBlank) }
        let isMalformed =
            list.contains { $0.isEmpty } || list.dropLast().contains { $0.elementsEqual(chunked) }
        guard !isMalformed else { throw .malformedTransferCoding }
        throw .unsupportedTransferCoding
    }

    private var chunked: [UInt8] { Array("chunked".utf8) }

    private static func length(_ text: String, limit: Int) throws(HTTPError) -> Int {
        guard !text.isEmpty else { throw .malformedLength }
        var length = 0
        var isTooLarge = false
        for byte in text.utf8 {
            guard HTTPSyntax.isDigit(byte) else {
                throw byte == 0x2C ? .conflictingLengths : .malformedLength
            }
            guard !isTooLarge else { continue }
            // `length` is at most `limit`, but `limit` may be `Int.max`.
            let (tens, passes) = length.multipliedReportingOverflow(by: 10)
            let (sum, passesToo) = tens.addingReportingOverflow(Int(byte - 0x30))
            isTooLarge = passes || passesToo || sum > limit
            length = isTooLarge ? 0 : sum
        }
        guard !isTooLarge else { throw .bodyTooLarge(limit: limit) }
        return length
    }
}
