// SPDX-License-Identifier: MIT
import COpenSSL

/// Comparison that tells nothing by how long it takes.
package enum ConstantTime {
    /// Whether both are the same bytes; the time depends on the length alone.
    package static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
