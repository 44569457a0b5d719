// SPDX-License-Identifier: MIT

/// Bytes that wait for the kernel, in order; exists only while some wait.
final class OutputQueue {
    /// The size up to which pieces are joined by copying, so that many small sends need few system
    /// calls and few allocations.
    private static let joinedBytes = 16_384

    private var pieces: [[UInt8]] = []
    private var firstPiece = 0
    private var offset = 0

    /// The number of waiting bytes.
    private(set) var count = 0

    /// Appends the bytes from `start` on.
    func append(_ bytes: [UInt8], from start: Int = 0) {
        let added = bytes.count - start
        count += added
        if let last = pieces.indices.last, last >= firstPiece,
            pieces[last].count + added <= Self.joinedBytes
        {
            pieces[last] += bytes[start...]
        } else {
            pieces.append(start == 0 ? bytes : Array(bytes[start...]))
        }
    }

    /// Appends a copy of borrowed bytes.
    func append(_ bytes: UnsafeRawBufferPointer) { append(Array(bytes)) }

    /// The waiting bytes.
    var bytes: [UInt8] {
        Array(pieces[firstPiece...].joined().dropFirst(offset))
    }

    /// Passes the longest run of bytes at the front to `take`, which returns the number it took.
    func takeFront(_ take: (UnsafeRawBufferPointer) -> Int) -> (lent: Int, taken: Int) {
        guard firstPiece < pieces.count else { return (0, 0) }
        let (lent, taken) = pieces[firstPiece].withUnsafeBytes { piece in
            (piece.count - offset, take(UnsafeRawBufferPointer(rebasing: piece[offset...])))
        }
        consume(taken)
        return (lent, taken)
    }

    private func consume(_ taken: Int) {
        count -= taken
        offset += taken
        guard offset == pieces[firstPiece].count else { return }
        offset = 0
        pieces[firstPiece] = []
        firstPiece += 1
        guard firstPiece * 2 >= pieces.count else { return }
        pieces.removeFirst(firstPiece)
        firstPiece = 0
    }
}
