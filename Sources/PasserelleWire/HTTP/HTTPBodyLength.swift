// SPDX-License-Identifier: MIT

/// Says how the end of a body is known (RFC 9112 §6.3).
enum HTTPBodyLength: Equatable, Sendable {
    /// After that many bytes.
    case bytes(Int)
    /// By the last chunk and its trailer section.
    case chunked
    /// By the peer closing; or, in a request, that there is no body.
    case unsaid
}

extension HTTPFields {
    /// Decides how the body ends, and refuses every doubt about it.
    ///
    /// Repeated lengths are refused even where they agree, since another reader of the same bytes
    /// might take only one. Throws `bodyTooLarge` before a byte of the body is kept.
    func bodyLength(version: HTTPVersion, limit: Int) throws(HTTPError) -> HTTPBodyLength {
        let lengths = count(of: "content-length")
        guard contains("transfer-encoding") else {
            guard lengths > 0 else { return .unsaid }
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
            // `length` is at most `limit`, but the limit may be the largest number there is.
            let (tens, passes) = length.multipliedReportingOverflow(by: 10)
            let (sum, passesToo) = tens.addingReportingOverflow(Int(byte - 0x30))
            isTooLarge = passes || passesToo || sum > limit
            length = isTooLarge ? 0 : sum
        }
        guard !isTooLarge else { throw .bodyTooLarge(limit: limit) }
        return length
    }
}
