// SPDX-License-Identifier: MIT
import COpenSSL

/// Unpredictable numbers, by OpenSSL's generator.
package enum Random {
    /// `count` unpredictable bytes.
    package static func bytes(_ count: Int) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, used in
            used = RAND_bytes(out.baseAddress, Int32(count)) == 1 ? count : 0
        }
        precondition(bytes.count == count, "the system gives no random numbers")
        return bytes
    }

    /// One unpredictable 32-bit number, such as a WebSocket mask.
    package static func uint32() -> UInt32 {
        bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// One unpredictable number in 0..<1, such as for the jitter of a delay.
    package static func fraction() -> Double {
        Double(uint32()) / 4_294_967_296
    }
}
