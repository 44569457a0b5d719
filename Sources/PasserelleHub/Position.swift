// SPDX-License-Identifier: MIT

/// A place in what the gateway has said, valid on every surface: `EPOCH-SEQUENCE`.
///
/// The epoch changes when the log does not continue, so that an old position is never mistaken for
/// a new one; the sequence is one for the whole gateway, so that one position serves any set of
/// channels. Clients treat the text as opaque.
package struct Position: Hashable, Sendable {
    /// The longest text that can be a position, in bytes: 13 of base 36, a dash, 20 digits.
    package static let maximumTextBytes = 34

    /// Which life of the log this position belongs to.
    package let epoch: UInt64
    /// The number of the last entry that lies at or before this position; 0 lies before all.
    package let sequence: UInt64

    package init(epoch: UInt64, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Reads the text form, or gives `nil` where the text is not one that a gateway has written.
    package init?(_ text: String) {
        self.init(text.utf8.span)
    }

    /// Reads the text form.
    package init?(_ text: Span<UInt8>) {
        guard text.count <= Self.maximumTextBytes else { return nil }
        var dash = 0
        while dash < text.count, text[dash] != UInt8(ascii: "-") { dash += 1 }
        guard dash < text.count,
            let epoch = Self.number(text.extracting(..<dash), radix: 36),
            let sequence = Self.number(text.extracting((dash + 1)...), radix: 10)
        else { return nil }
        self.init(epoch: epoch, sequence: sequence)
    }

    /// The text form: the epoch in base 36, a dash, the sequence in decimal.
    package var text: String {
        String(epoch, radix: 36) + "-" + String(sequence)
    }

    private static func number(_ digits: Span<UInt8>, radix: UInt64) -> UInt64? {
        guard digits.count > 0, digits[0] != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: UInt64 = 0
        for index in digits.indices {
            let byte = digits[index]
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                digit = UInt64(byte - UInt8(ascii: "a")) + 10
            default: return nil
            }
            let (scaled, overflowed) = value.multipliedReportingOverflow(by: radix)
            let (sum, carried) = scaled.addingReportingOverflow(digit)
            guard digit < radix, !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }
}
