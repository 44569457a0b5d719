// SPDX-License-Identifier: MIT

import COpenSSL

/// Comparison whose duration does not depend on the contents.
package enum ConstantTime {
    /// Returns `true` if both hold the same bytes; the time depends on the length alone.
    package static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
