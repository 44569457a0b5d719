// SPDX-License-Identifier: MIT

import COpenSSL

/// Unpredictable numbers: keys by OpenSSL's generator, single numbers by the kernel's.
///
/// Masks and delays use `getrandom(2)` directly. With OpenSSL, a long-lived process would map a
/// megabyte of its code for four bytes now and then.
package enum Random {
    /// Returns `count` unpredictable bytes, for keys.
    package static func bytes(_ count: Int) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, used in
            used = RAND_bytes(out.baseAddress, Int32(count)) == 1 ? count : 0
        }
        precondition(bytes.count == count, "the system gives no random numbers")
        return bytes
    }

    /// Returns one unpredictable 32-bit number, such as a WebSocket mask.
    package static func uint32() -> UInt32 {
        var kernel = SystemRandomNumberGenerator()
        return UInt32(truncatingIfNeeded: kernel.next())
    }

    /// Returns one unpredictable number in 0..<bound, such as to spread a delay.
    package static func below(_ bound: Int) -> Int { Int(uint32()) % bound }

    /// Returns one unpredictable number in 0..<1, such as for the jitter of a delay.
    package static func fraction() -> Double {
        Double(uint32()) / 4_294_967_296
    }
}
